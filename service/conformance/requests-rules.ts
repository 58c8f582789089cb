import { fromBase64url } from '../../wire/bytes.ts';
import { verifySignature } from '../../wire/crypto.ts';
import type { Sent } from './forgery.ts';
import { expect, fault, inWords, isRefused } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { NotApplicable, ofPage, type Rule, type Verdict } from './rule.ts';
import { category, fields, poorTerms, richNotifications, richTerms } from './terms.ts';

const rule = ofPage('requests.md');
const challenge = 'conformance-challenge-0';

/** Payloads in form, by type: those that need a permission. */
const payloads: Readonly<Record<string, object>> = {
  'location.request': { fields: ['location/conformance'] },
  'payment.request': { order: 'conformance', amount: 1, currency: 'EUR', payee: 'Nobody' },
  'authentication.request': { challenge },
  'signature.request': { title: 'A test', sha256: '0'.repeat(64) },
  'identity.request': { fields: [fields.given], challenge },
  'message.send': { title: 'A test', text: 'Nothing to do.' },
  'storage.put': { category, key: 'a', value: 'x' },
  'storage.get': { category, key: 'a' },
  'storage.list': { category },
  'storage.delete': { category, key: 'a' },
};

/** A party under terms that permit everything, where the vault serves that type. */
export async function rich(lab: Lab, type: string): Promise<Peer> {
  await lab.serves(type);
  return (await lab.under('rich', () => richTerms)).peer;
}

/** Sends a request of either class, and waits for its end. */
export async function endOf(peer: Peer, sent: Sent): Promise<Told | undefined> {
  await peer.ask(sent);
  return peer.ended(sent.id);
}

/** A request that is refused with that code. */
export async function refusedAs(
  peer: Peer,
  [what, sent]: readonly [string, Sent],
  code: string,
): Promise<Verdict> {
  const told = await endOf(peer, sent);
  const right = told !== undefined && isRefused(told.answer, [code]);
  return expect(right, `${what}: refused as ${code}`, inWords(told));
}

const types: readonly Rule[] = [
  rule(
    'permissions',
    'Types',
    'Without its permission in the contract every type that needs one is refused.',
    async (lab) => {
      const served = await lab.served();
      const needing = Object.entries(payloads).filter(([name]) =>
        served.some(({ type }) => type === name),
      );
      if (needing.length === 0) throw new NotApplicable('the vault serves no such type');
      const { peer } = await lab.under('poor', () => poorTerms);
      for (const [type, payload] of needing) {
        const found = await refusedAs(
          peer,
          [type, peer.forge(type, payload)],
          'permission_missing',
        );
        if (found !== undefined) return found;
      }
      return undefined;
    },
  ),
  rule('members', 'Types', 'A member that is not named is not taken.', async (lab) => {
    const served = await lab.served();
    const { peer } = await lab.under('rich', () => richTerms);
    for (const [type, payload] of Object.entries(payloads)) {
      if (!served.some((one) => one.type === type)) continue;
      const sent = peer.forge(type, { ...payload, more: 'x' });
      const found = await refusedAs(peer, [type, sent], 'schema_invalid');
      if (found !== undefined) return found;
    }
    return undefined;
  }),
];

const messageType = 'message.send';
const message = (peer: Peer, title: string, text = 'Nothing to do.'): Sent =>
  peer.forge(messageType, { title, text });

const messages: readonly Rule[] = [
  rule('message', 'Messages', 'A message for the owner is served, as shown.', async (lab) => {
    const peer = await rich(lab, messageType);
    const told = await endOf(peer, message(peer, 'A test'));
    if (told?.answer.status !== 'served') return fault('served', inWords(told));
    const came = JSON.stringify(told.answer.result);
    return expect(came === '{"shown":true}', '{"shown":true}', came);
  }),
  rule(
    'message-lines',
    'Messages',
    'Title and text of a message are lines, of at most 200 and 4,000 characters.',
    async (lab) => {
      const peer = await rich(lab, messageType);
      const wrong: readonly (readonly [string, Sent])[] = [
        ['two lines', message(peer, 'two\nlines')],
        ['a title that is turned round', message(peer, 'turned \u202eround')],
        ['a title of 201 characters', message(peer, 'x'.repeat(201))],
        ['a text of 4,001 characters', message(peer, 'A test', 'x'.repeat(4_001))],
      ];
      for (const one of wrong) {
        const found = await refusedAs(peer, one, 'schema_invalid');
        if (found !== undefined) return found;
      }
      return undefined;
    },
  ),
  rule(
    'message-limit',
    'Messages',
    'More messages than the notifications that the contract allows in an hour are refused.',
    async (lab) => {
      const peer = await rich(lab, messageType);
      for (let count = 0; count < richNotifications; count++) {
        const told = await endOf(peer, message(peer, `A test, ${count}`));
        if (told !== undefined && isRefused(told.answer, ['notification_limit'])) return undefined;
      }
      return refusedAs(
        peer,
        [`more than ${richNotifications}`, message(peer, 'One more')],
        'notification_limit',
      );
    },
  ),
];

const attesting = "Statements in the owner's name";
const statementType = 'authentication.request';

/** A request for a statement, which the owner approves: once for all rules about it. */
function attested(lab: Lab, type: string) {
  return lab.once(type, async () => {
    await lab.stored();
    const peer = await rich(lab, type);
    const payload = payloads[type] ?? {};
    const sent = peer.forge(type, payload);
    const waited = await peer.ask(sent);
    await lab.tell('approve', sent.id);
    const told = await peer.ended(sent.id);
    const again = await peer.ask(peer.forge(type, payload));
    return { peer, id: sent.id, waited, told, again };
  });
}

/** What a statement says beside vault, party, event and time, by the type that asks for it. */
type Says = Readonly<Record<string, unknown>>;

async function stated(lab: Lab, type: string, signs: string, says: Says): Promise<Verdict> {
  const { peer, id, told } = await attested(lab, type);
  if (told?.answer.status !== 'served') return fault('served', inWords(told));
  const {
    statement = '',
    signature = '',
    key = '',
  } = told.answer.result as Readonly<Record<string, string>>;
  const bytes = fromBase64url(statement);
  const text = new TextDecoder().decode(bytes);
  const { time } = JSON.parse(text) as { readonly time?: unknown };
  const { vault, party } = peer.identity;
  const members = Object.entries({ ...says, event: id, party, time, vault });
  const wanted = JSON.stringify(Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1))));
  if (text !== wanted) return fault(wanted, text);
  const domain = `cambium/sign/${signs}/v1`;
  const good = verifySignature(fromBase64url(key), domain, bytes, fromBase64url(signature));
  return expect(good, 'a signature by the key beside it', 'another');
}

const statements: readonly Rule[] = [
  rule(
    'statement-held',
    attesting,
    'A statement in the name of the owner waits for their yes each time.',
    async (lab) => {
      const { waited, again } = await attested(lab, statementType);
      if (waited?.answer.status !== 'pending') return fault('pending', inWords(waited));
      return expect(again?.answer.status === 'pending', 'pending again', inWords(again));
    },
  ),
  rule(
    'statement',
    attesting,
    'Who signs in is told vault, party, event, time and challenge, as canonical JSON, signed for that purpose.',
    (lab) => stated(lab, statementType, 'authentication', { challenge }),
  ),
  rule(
    'statement-document',
    attesting,
    'A document is signed by its title and SHA-256, as canonical JSON, for that purpose.',
    (lab) => {
      const type = 'signature.request';
      return stated(lab, type, 'signature', { ...payloads[type] });
    },
  ),
  rule(
    'statement-facts',
    attesting,
    'Facts about the owner are signed with their names and values, as canonical JSON, for that purpose.',
    (lab) => {
      const facts = { [fields.given]: fields.given };
      return stated(lab, 'identity.request', 'identity', { challenge, facts });
    },
  ),
  rule('statement-keys', attesting, 'Each purpose has a key of its own.', async (lab) => {
    const one = (await attested(lab, statementType)).told?.answer;
    const other = (await attested(lab, 'signature.request')).told?.answer;
    if (one?.status !== 'served' || other?.status !== 'served') return fault('served', 'another');
    const key = (result: unknown): unknown => (result as { readonly key?: unknown }).key;
    return expect(key(one.result) !== key(other.result), 'two keys', 'one key for both');
  }),
];

export const requestsRules: readonly Rule[] = [...types, ...messages, ...statements];
