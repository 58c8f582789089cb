import { encode } from '../../wire/msgpack.ts';
import { publicReason, reasons } from '../../wire/reasons.ts';
import {
  type Case,
  expect,
  fault,
  honest,
  inWords,
  isRefused,
  isTaken,
  onMain,
  refusesAll,
  vaultSays,
} from './judge.ts';
import type { Lab } from './lab.ts';
import type { Told } from './peer.ts';
import { ofPage, type Rule } from './rule.ts';
import { fields, mainTerms } from './terms.ts';

const rule = ofPage('reasons.md');
const publicly = 'Public and private';
const type = 'data.request';
const publicCodes: ReadonlySet<string> = new Set(reasons.map(publicReason));
/** A request to connect may be told what was wrong with it; a party inside a contract may not. */
const handshakeType = 'connection.request';

/** What a request that the owner has answered came to. */
type Answered = { readonly waited: Told | undefined; readonly told: Told | undefined };

/** A request that is held, and the owner's word on it. */
async function held(
  lab: Lab,
  names: readonly string[],
  ...word: readonly string[]
): Promise<Answered> {
  const { peer } = await lab.main();
  const sent = peer.forge(type, { fields: names });
  const waited = await peer.ask(sent);
  const [verb = '', ...more] = word;
  await lab.owner(verb, sent.id, ...more);
  return { waited, told: await peer.ended(sent.id) };
}

const denied = (lab: Lab): Promise<Answered> =>
  lab.once('denied', async () => {
    await lab.stored();
    return held(lab, [fields.held], 'deny');
  });

const absent = (lab: Lab): Promise<Answered> =>
  lab.once('absent', () => held(lab, [fields.heldAbsent], 'approve'));

const consent: readonly Rule[] = [
  rule(
    'held',
    'Checks',
    'A request for a field of the consent tier waits for the owner, whether the vault has it or not.',
    onMain(async (peer) => {
      for (const name of [fields.held, fields.heldAbsent]) {
        const told = await peer.ask(peer.forge(type, { fields: [name] }));
        if (told?.answer.status !== 'pending') return fault(`${name}: pending`, inWords(told));
      }
      return undefined;
    }),
  ),
  rule('approved', 'Checks', 'What the owner approves is served.', async (lab) => {
    await lab.stored();
    const { told } = await held(lab, [fields.held], 'approve');
    return expect(told?.answer.status === 'served', 'served', inWords(told));
  }),
  rule(
    'approved-part',
    'Checks',
    'Of what the owner approves in part, only that part is served.',
    async (lab) => {
      await lab.stored();
      const names = [fields.given, fields.held];
      const { told } = await held(lab, names, 'approve', '--fields', fields.given);
      if (told?.answer.status !== 'served') return fault('served', inWords(told));
      const { fields: given, refused } = told.answer.result as Result;
      const right = !(fields.held in given) && refused.includes(fields.held);
      return expect(right, `${fields.held} refused`, JSON.stringify(told.answer.result));
    },
  ),
  rule('denied', publicly, 'What the owner denies is refused, as "refused".', async (lab) => {
    const { told } = await denied(lab);
    const right = told !== undefined && isRefused(told.answer, ['refused']);
    return expect(right, 'refused as refused', inWords(told));
  }),
  rule(
    'absent',
    publicly,
    'A field that the vault does not hold is refused, as "refused".',
    refusesAll('refused', [
      'an on-demand field that is absent',
      (peer) => peer.forge(type, { fields: [fields.absent] }),
    ]),
  ),
  rule(
    'absent-as-denied',
    publicly,
    'An absent field and a denied one are answered in the same members and lengths.',
    async (lab) => {
      const pair = [await denied(lab), await absent(lab)] as const;
      const [first, second] = pair.map(({ told }) => shapeOf(told));
      return expect(
        first === second && first !== '',
        `as denied: ${first}`,
        `as absent: ${second}`,
      );
    },
  ),
];

type Result = { readonly fields: object; readonly refused: readonly string[] };

/** Members of an answer and their lengths in msgpack, and the length of its message without an opening. */
function shapeOf(told: Told | undefined): string {
  if (told?.envelope === undefined) return '';
  const { code, statement = {}, ...others } = told.answer as { code?: string; statement?: object };
  const lengths = (map: object): string =>
    Object.entries(map)
      .map(([name, value]) => `${name}:${encode(value).length}`)
      .sort()
      .join(' ');
  return `${code} ${lengths(others)} (${lengths(statement)}) box:${told.envelope.box.length}`;
}

const said: readonly Rule[] = [
  rule(
    'codes',
    publicly,
    'A vault uses no other code than the public ones of the list.',
    vaultSays((peer) => {
      for (const { event } of peer.heard) {
        const { code } = (event?.payload ?? {}) as { code?: unknown };
        if (code !== undefined && !publicCodes.has(String(code)))
          return fault('a public code', String(code));
      }
      return undefined;
    }),
  ),
  rule(
    'no-detail',
    publicly,
    'The detail of a refusal does not go to a party.',
    vaultSays((peer) => {
      const told = peer.heard.some(({ event }) => {
        const { type: of, detail } = (event?.payload ?? {}) as { type?: unknown; detail?: unknown };
        return detail !== undefined && of !== handshakeType;
      });
      return expect(!told, 'no detail', 'a detail');
    }),
  ),
];

/** Two faults at once: the check that comes first decides. */
const before = (id: string, says: string, code: string, one: Case): Rule =>
  rule(`order-${id}`, 'Checks', `${says} decides.`, refusesAll(code, one));

const unnamed = { event: { contract: undefined } };
const order: readonly Rule[] = [
  before('type', 'The type, before the contract,', 'event_unsupported', [
    'an unknown type under no contract',
    (peer) => peer.forge('conformance.nothing', {}, unnamed),
  ]),
  before('payload', 'The payload, before the contract,', 'schema_invalid', [
    'a wrong payload under no contract',
    (peer) => peer.forge(type, {}, unnamed),
  ]),
  before('contract', 'The contract, before the fields,', 'contract_unknown', [
    'an undeclared field under no contract',
    (peer) => peer.forge(type, { fields: [fields.undeclared] }, unnamed),
  ]),
  before('fields', 'The fields, before the optional ones,', 'purpose_mismatch', [
    'a declined field for another purpose',
    (peer) => peer.forge(type, { fields: [fields.declined], purpose: 'marketing' }),
  ]),
  before('freshness', 'The freshness, before the contract,', 'expired', [
    'an expired event under no contract',
    (peer) =>
      peer.forge(
        type,
        { fields: [fields.given] },
        { event: { contract: undefined, expires: Date.now() - 1_000 } },
      ),
  ]),
];

/** Events of the standard's own types that a connection may send in a row. */
const ownTypesBurst = 60;

const limits: readonly Rule[] = [
  rule(
    'limit-own-types',
    'Checks',
    "The standard's own types are counted in a bucket of their own, of 60; requests are not refused for it.",
    async (lab) => {
      const { peer } = await lab.under('insistent', () => mainTerms);
      const event = { contract: undefined };
      const sent = Array.from({ length: ownTypesBurst + 5 }, () =>
        peer.forge('connection.servers', { servers: lab.options.invite.servers }, { event }),
      );
      for (const one of sent) peer.publish(one);
      const codes: unknown[] = [];
      for (const { id } of sent) {
        const answer = (await peer.ended(id))?.answer;
        codes.push(answer?.status === 'refused' ? answer.code : answer?.status);
      }
      if (codes.at(-1) !== 'rate_limited') return fault('the last rate_limited', `${codes.at(-1)}`);
      const told = await peer.ask(honest(peer));
      return expect(isTaken(told), 'a request after them taken', inWords(told));
    },
  ),
];

export const reasonsRules: readonly Rule[] = [...consent, ...said, ...order, ...limits];
