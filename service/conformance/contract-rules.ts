import { setTimeout as sleep } from 'node:timers/promises';
import { payment } from './delivery-rules.ts';
import { elsewhere } from './envelope-rules.ts';
import type { Sent } from './forgery.ts';
import {
  type Case,
  expect,
  fault,
  inWords,
  isRefused,
  isTaken,
  onMain,
  refusesAll,
  takesAll,
} from './judge.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { NotApplicable, ofPage, type Rule } from './rule.ts';
import { briefTerms, fields, hastyBurst, hastyTerms, poorTerms, purpose } from './terms.ts';
import { strangersKey } from './wrong-keys.ts';

const rule = ofPage('contract.md');
const requests = 'Requests under a contract';
const type = 'data.request';
/** About as long as it takes to be accepted; whoever is slower finds it expired already. */
const briefMs = 1_000;

/** A request for some fields. */
const asking = (what: string, names: readonly string[], more: object = {}): Case => [
  what,
  (peer) => peer.forge(type, { fields: names, ...more }),
];

/** A request under other terms than those in force. */
const under = (what: string, change: object | undefined): Case => [
  what,
  (peer) =>
    peer.forge(
      type,
      { fields: [fields.given] },
      { event: { contract: change && { ...peer.contract, ...change } } },
    ),
];

const naming: readonly Rule[] = [
  rule(
    'named',
    requests,
    'A request that names no contract, or another, is refused.',
    refusesAll(
      'contract_unknown',
      under('none', undefined),
      under('another id', { id: 'somebody-elses' }),
    ),
  ),
  rule(
    'version',
    requests,
    'A request under another version is refused.',
    refusesAll('contract_version_mismatch', under('version 2', { version: 2 })),
  ),
  rule(
    'hash',
    requests,
    'A request that names another text of the contract is refused.',
    refusesAll('contract_version_mismatch', under('another hash', { hash: '0'.repeat(64) })),
  ),
  rule(
    'any-order',
    'Hash and signature',
    'The hash of a contract is that of its canonical form, in whichever order its members came.',
    async (lab) => {
      const { peer } = await lab.second();
      const told = await peer.ask(peer.forge(type, { fields: [fields.given] }));
      return expect(isTaken(told), 'a request that names the hash is taken', inWords(told));
    },
  ),
  rule(
    'expired',
    'Members',
    'From the end of its contract on every request is refused.',
    async (lab) => {
      const { peer, connection } = await lab.under('brief', () => briefTerms(Date.now() + briefMs));
      const { expires = 0 } = connection.contract;
      await sleep(Math.max(0, expires + 100 - Date.now()));
      const told = await peer.ask(peer.forge(type, { fields: [fields.given] }));
      const right = told !== undefined && isRefused(told.answer, ['contract_expired']);
      return expect(right, 'refused as contract_expired', inWords(told));
    },
  ),
  rule(
    'permission',
    requests,
    'A request that needs a permission which the contract does not give is refused.',
    async (lab) => {
      const { peer, accepted } = await lab.under('poor', () => poorTerms);
      if (!accepted.critical.includes('payment.request'))
        throw new NotApplicable('the vault serves no type that needs a permission');
      const sent = payment(peer, 'conformance');
      await peer.hand(sent);
      const told = await peer.ended(sent.id);
      const right = told !== undefined && isRefused(told.answer, ['permission_missing']);
      return expect(right, 'refused as permission_missing', inWords(told));
    },
  ),
];

const asked: readonly Rule[] = [
  rule(
    'form',
    requests,
    'A data request lists 1 to 32 fields, none twice, and nothing else but a purpose.',
    refusesAll(
      'schema_invalid',
      asking('no field', []),
      asking(
        '33 fields',
        Array.from({ length: 33 }, (_, at) => `conformance/field_${at}`),
      ),
      asking('one twice', [fields.given, fields.given]),
      asking('a member too many', [fields.given], { party: elsewhere.connection }),
      ['a list that is text', (peer) => peer.forge(type, { fields: fields.given })],
      ['nothing', (peer) => peer.forge(type, null)],
    ),
  ),
  rule(
    'field',
    requests,
    'A field that the contract does not declare is refused, and everything asked for with it.',
    refusesAll(
      'field_not_in_contract',
      asking('an undeclared field', [fields.undeclared]),
      asking('one beside a declared one', [fields.given, fields.undeclared]),
      asking('one beside a field that the owner is asked about', [fields.held, fields.undeclared]),
    ),
  ),
  rule(
    'purpose',
    requests,
    'A field is refused for another purpose than it was declared with.',
    refusesAll(
      'purpose_mismatch',
      asking('another purpose', [fields.given], { purpose: 'marketing' }),
      asking('the purpose of one of two', [fields.given, fields.elsewise], { purpose }),
    ),
  ),
  rule(
    'purpose-named',
    requests,
    'The declared purpose may be named.',
    takesAll(asking('the declared purpose', [fields.given], { purpose })),
  ),
  rule(
    'optional-declined',
    'Members',
    'An optional field that the owner declined is refused.',
    refusesAll(
      'optional_declined',
      asking('it alone', [fields.declined]),
      asking('beside one that was given', [fields.accepted, fields.declined]),
    ),
  ),
  rule(
    'optional-accepted',
    'Members',
    'An optional field that the owner gave is served.',
    takesAll(asking('the field', [fields.accepted])),
  ),
  rule(
    'retention',
    'Members',
    'A field is refused once its retention is over: P0D is served once.',
    onMain(async (peer, lab) => {
      await lab.stored();
      const request = (): Sent => peer.forge(type, { fields: [fields.once] });
      await peer.ask(request());
      const told = await peer.ask(request());
      const right = told !== undefined && isRefused(told.answer, ['retention_expired']);
      return expect(right, 'the second refused as retention_expired', inWords(told));
    }),
  ),
];

/** What a party with few tokens is told, in the order in which it asks. */
type Spent = {
  readonly early: readonly (Told | undefined)[];
  readonly refused: readonly (Told | undefined)[];
  readonly last: Told | undefined;
};

/** Failures that cost nothing, then refusals that cost all tokens, then one request more. */
function spending(lab: Lab): Promise<Spent> {
  return lab.once('spending', async () => {
    const { peer } = await lab.under('hasty', () => hastyTerms);
    const each = async (make: () => Sent): Promise<(Told | undefined)[]> => {
      const told: (Told | undefined)[] = [];
      for (let count = 0; count < hastyBurst; count++) told.push(await peer.ask(make()));
      return told;
    };
    const honest = (): Sent => peer.forge(type, { fields: [fields.given] });
    const early = await each(() => unsigned(peer));
    const refused = await each(() => peer.forge(type, { fields: [fields.undeclared] }));
    return { early, refused, last: await peer.ask(honest()) };
  });
}

function unsigned(peer: Peer): Sent {
  return peer.forge(type, { fields: [fields.given] }, { signer: strangersKey() });
}

const limits: readonly Rule[] = [
  rule(
    'rate',
    'Members',
    'A request is refused when no token is left; those that were refused have taken theirs.',
    async (lab) => {
      const { last } = await spending(lab);
      const right = last !== undefined && isRefused(last.answer, ['rate_limited']);
      return expect(right, `after ${hastyBurst} refused requests: rate_limited`, inWords(last));
    },
  ),
  rule(
    'rate-early',
    'Members',
    'What fails one of the first three checks takes no token: others could cause it.',
    async (lab) => {
      const { early, refused } = await spending(lab);
      const signed = early.find((told) => !told || !isRefused(told.answer, ['signature_invalid']));
      if (signed !== undefined) return fault('refused as signature_invalid', inWords(signed));
      const limited = refused.find(
        (told) => !told || !isRefused(told.answer, ['field_not_in_contract']),
      );
      return expect(
        limited === undefined,
        'as many requests as the contract allows',
        inWords(limited),
      );
    },
  ),
];

export const contractRules: readonly Rule[] = [...naming, ...asked, ...limits];
