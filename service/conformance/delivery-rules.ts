import { headers } from '@nats-io/transport-node';
import { equalBytes } from '../../wire/bytes.ts';
import { freshId, type Sent } from './forgery.ts';
import { expect, fault, honest, inWords, isRefused, isTaken, onMain, vaultSays } from './judge.ts';
import type { Lab, Party } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { NotApplicable, ofPage, type Rule, type Verdict } from './rule.ts';
import { fields } from './terms.ts';

const rule = ofPage('delivery.md');
const weekMs = 7 * 24 * 60 * 60 * 1000;
const skewMs = 120_000;
const paymentType = 'payment.request';

/** Headers by which a sender could steer a stream that takes them. */
const steering: readonly (readonly [string, string])[] = [
  ['Nats-Rollup', 'all'],
  ['Nats-TTL', '1s'],
  ['Nats-Schedule', '@at 2030-01-01T00:00:00Z'],
  ['Nats-Incr', '+1'],
];

/** A payment with an order number; the one critical type of a party that the standard names. */
export function payment(peer: Peer, order: string): Sent {
  return peer.forge(paymentType, { order, amount: 1, currency: 'EUR', payee: 'Nobody' });
}

/** A party whose vault takes payments. */
async function paying(lab: Lab): Promise<Party> {
  const party = await lab.main();
  if (!party.accepted.critical.includes(paymentType))
    throw new NotApplicable(`the vault keeps no ${paymentType}`);
  return party;
}

/** Hands a payment over and waits for its end. */
async function paid(peer: Peer, sent: Sent) {
  await peer.hand(sent);
  return peer.ended(sent.id);
}

const order = (): string => `conformance-${freshId()}`;

const handing: readonly Rule[] = [
  rule(
    'acknowledged',
    'Handing over a critical event',
    'The vine acknowledges a critical event, with the stream and a number.',
    async (lab) => {
      const { acknowledged } = await lab.knocked();
      return expect(isAcknowledgement(acknowledged), 'stream and seq', acknowledged);
    },
  ),
  rule(
    'steering',
    'Handing over a critical event',
    'Headers that would steer the stream are refused.',
    onMain(async (peer) => {
      for (const [name, value] of steering) {
        const steer = headers();
        steer.set(name, value);
        const answer = await peer.hand(peer.forge('connection.request', {}), steer);
        if (!answer.includes('"error"')) return fault(`${name} refused`, answer);
      }
      return undefined;
    }),
  ),
  rule('critical', 'Classes', 'A critical event is kept, and answered.', async (lab) => {
    const { peer } = await paying(lab);
    const told = await paid(peer, payment(peer, order()));
    return expect(told?.answer.status === 'served', 'served', inWords(told));
  }),
  rule(
    'once',
    'Exactly one effect',
    'What may take effect once does so once, whatever the id of the second.',
    async (lab) => {
      const { peer } = await paying(lab);
      const number = order();
      await paid(peer, payment(peer, number));
      const second = await paid(peer, payment(peer, number));
      const right = second !== undefined && isRefused(second.answer, ['duplicate']);
      return expect(right, 'the second refused as duplicate', inWords(second));
    },
  ),
];

const conduct: readonly Rule[] = [
  rule(
    'order',
    'Order',
    'Events of one connection and class are decided in the order in which they were sent.',
    onMain(async (peer) => {
      const sent = Array.from({ length: 20 }, () =>
        peer.forge('data.request', { fields: [fields.undeclared] }),
      );
      for (const one of sent) peer.publish(one);
      for (const { id } of sent)
        if ((await peer.ended(id)) === undefined) return fault('an answer to each', 'none to one');
      const causes = peer.heard.flatMap(({ event }) => event?.cause ?? []);
      const came = sent.map(({ id }) => causes.indexOf(id));
      const inOrder = came.every((at, index) => index === 0 || at > (came[index - 1] ?? 0));
      return expect(inOrder, 'refusals in the order of the events', `the order ${came.join(' ')}`);
    }),
  ),
  rule(
    'waiting',
    'Order',
    'A request that waits for the owner holds up no other.',
    onMain(async (peer) => {
      const held = await peer.ask(peer.forge('data.request', { fields: [fields.held] }));
      if (held?.answer.status !== 'pending') return fault('pending', inWords(held));
      const other = await peer.ask(honest(peer));
      return expect(isTaken(other), 'another request taken meanwhile', inWords(other));
    }),
  ),
  rule(
    'until',
    'Expiry',
    'A request that waits ends at the earlier of its own end and 7 days.',
    onMain(async (peer) => {
      const asked = Date.now();
      const until = async (members: object): Promise<number | undefined> => {
        const held = peer.forge(
          'data.request',
          { fields: [fields.held] },
          { event: { ...members } },
        );
        const told = await peer.ask(held);
        return told?.answer.status === 'pending' ? told.answer.until : undefined;
      };
      const long = await until({});
      if (long === undefined || long > asked + weekMs + skewMs)
        return fault('pending, until 7 days from now at most', `until ${long}`);
      const expires = asked + 600_000;
      const short = await until({ expires });
      return expect(short !== undefined && short <= expires, `until ${expires}`, `until ${short}`);
    }),
  ),
  rule(
    'consent-expires',
    'Expiry',
    'A request that nobody answered ends by itself.',
    onMain(async (peer) => {
      const event = { expires: Date.now() + 1_000 };
      const held = peer.forge('data.request', { fields: [fields.held] }, { event });
      await peer.ask(held);
      const told = await peer.ended(held.id);
      const ended = told !== undefined && isRefused(told.answer, ['consent_expired', 'expired']);
      return expect(ended, 'refused as consent_expired', inWords(told));
    }),
  ),
];

/** What a party finds when the vault was closed for a while. */
type Away = {
  /** The answer to one request before, and to the same bytes after. */
  readonly before: Told | undefined;
  readonly after: Told | undefined;
  /** A payment that was handed over meanwhile: where the vault takes any. */
  readonly handed?: { readonly acknowledged: string; readonly told: Told | undefined };
};

/** Once for all rules about it, since it takes seconds to open a vault. */
function away(lab: Lab): Promise<Away> {
  return lab.once('away', async () => {
    const { peer, accepted } = await lab.main();
    await lab.stored();
    const sent = honest(peer);
    const before = await peer.ask(sent);
    await lab.owner('stop');
    const owed = payment(peer, order());
    const keeps = accepted.critical.includes(paymentType);
    const acknowledged = keeps ? peer.hand(owed) : Promise.resolve('');
    await acknowledged.finally(() => lab.owner('start'));
    const after = await peer.ask(sent);
    if (!keeps) return { before, after };
    const told = await peer.ended(owed.id);
    return { before, after, handed: { acknowledged: await acknowledged, told } };
  });
}

const absence: readonly Rule[] = [
  rule(
    'same-after-restart',
    'Exactly one effect',
    'The same bytes get the same answer after the vault was away.',
    async (lab) => {
      const { before, after } = await away(lab);
      const same =
        before !== undefined && after !== undefined && equalBytes(before.bytes, after.bytes);
      return expect(same, 'the same answer, byte for byte', inWords(after));
    },
  ),
  rule(
    'kept',
    'Classes',
    'A critical event waits for a vault that is away, and is answered when it is back.',
    async (lab) => {
      const { handed } = await away(lab);
      if (handed === undefined) throw new NotApplicable(`the vault keeps no ${paymentType}`);
      const { acknowledged, told } = handed;
      if (!isAcknowledgement(acknowledged)) return fault('stream and seq', acknowledged);
      return expect(told?.answer.status === 'served', 'served, once it is back', inWords(told));
    },
  ),
];

const answers: readonly Rule[] = [
  rule(
    'answer',
    'Answers',
    'An answer has the members that its status needs, and the id of what it answers.',
    vaultSays((peer) => {
      for (const { event } of peer.heard) {
        if (event?.type !== 'event.answer') continue;
        const wrong = answerFault(event.payload as Readonly<Record<string, unknown>>);
        if (event.cause === undefined) return fault('a cause', 'an answer without one');
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    }),
  ),
  rule(
    'answer-type',
    'Answers',
    'An answer says the type of the event that it answers.',
    onMain(async (peer) => {
      for (const type of ['data.request', 'conformance.nothing']) {
        const told = await peer.ask(peer.forge(type, { fields: [fields.undeclared] }));
        if (told?.answer.type !== type) return fault(type, `${told?.answer.type}`);
      }
      return undefined;
    }),
  ),
  rule(
    'result',
    'Answers',
    'What is served of a data request are fields, and the names of those that are not given.',
    onMain(async (peer, lab) => {
      await lab.stored();
      const asked = [fields.given, fields.absent];
      const told = await peer.ask(peer.forge('data.request', { fields: asked }));
      if (told?.answer.status !== 'served') return fault('served', inWords(told));
      const expected = { fields: { [fields.given]: fields.given }, refused: [fields.absent] };
      const came = JSON.stringify(told.answer.result);
      return expect(came === JSON.stringify(expected), JSON.stringify(expected), came);
    }),
  ),
];

function answerFault(answer: Readonly<Record<string, unknown>>): Verdict {
  const { status, type, code, until } = answer;
  if (typeof type !== 'string') return fault('a type', typeof type);
  if (status === 'served') return expect('result' in answer, 'a result', 'a served one without');
  if (status === 'refused')
    return expect(typeof code === 'string', 'a code', 'a refused one without');
  const timed = until === undefined || Number.isSafeInteger(until);
  return expect(status === 'pending' && timed, 'served, pending or refused', String(status));
}

function isAcknowledgement(text: string): boolean {
  try {
    const { stream, seq, error } = JSON.parse(text);
    return typeof stream === 'string' && Number.isSafeInteger(seq) && error === undefined;
  } catch {
    return false;
  }
}

export const deliveryRules: readonly Rule[] = [...handing, ...conduct, ...answers];
export const awayRules: readonly Rule[] = absence;
