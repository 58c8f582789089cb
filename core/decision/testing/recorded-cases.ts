import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import type { Check, CheckName, EntryAsked } from '../../../ledger/decision.ts';
import type { VaultState } from '../../../projections/vault-state.ts';
import type { Contract } from '../../../wire/contract.ts';
import type { decide } from '../decide.ts';
import { day, now, type Scenario, type ScenarioConnection } from './scenario.ts';
import { handlersWith } from './scenario-handlers.ts';
import { given } from './scenario-state.ts';

/** What one check must have recorded of one event: to the letter, since that is what the owner is shown. */
export type RecordedCase = {
  readonly about: string;
  readonly state: VaultState;
  readonly received: ReceivedEvent;
  readonly check: CheckName;
  readonly recorded: Omit<Check, 'check'>;
  /** The stored entry that it is about, where that is to be held against what is recorded. */
  readonly entry?: EntryAsked | undefined;
};

const birthday = 'personal/date_of_birth';
const name = 'personal/full_name';
const contract: Contract = {
  v: 1,
  id: 'shop.orders',
  version: 1,
  service: { id: 'shop', name: 'The Shop' },
  title: 'Orders',
  description: 'What we need.',
  published: 1,
  fields: [
    { name, tier: 'on_demand', purpose: 'greeting', retention: 'session' },
    { name: birthday, tier: 'consent', purpose: 'greeting', retention: 'P1D' },
  ],
  permissions: {
    store: true,
    messages: true,
    authentication: true,
    payment: true,
    signatures: true,
    identity: true,
    location: true,
  },
  limits: { requests_per_hour: 60, burst: 10 },
};
const connection: ScenarioConnection = {
  status: 'active',
  contract,
  contractExpiresIn: undefined,
  frozen: false,
  updates: undefined,
  connection: undefined,
  identity: undefined,
  notices: undefined,
  stored: undefined,
  optional: [],
  servedAgo: {},
  servedIn: 'this session',
  remembered: {},
  bucket: undefined,
  inviteExpiresIn: day,
  credential: undefined,
};
/** A scenario in which nothing is out of the ordinary. */
export const plain: Scenario = {
  round: 'first',
  type: 'data.request',
  space: 'message',
  envelope: undefined,
  subjectSender: 'party',
  eventSender: 'party',
  outside: 'same',
  away: false,
  signature: 'valid',
  sentAgo: 1_000,
  expiresIn: undefined,
  seen: 'no',
  connection,
  names: 'accepted',
  fields: [name],
  purpose: undefined,
  unfit: false,
  account: 'none',
  done: false,
  word: { request: 'none', deadlineIn: 0, hash: 'right', fields: 'all' },
  holds: [name, birthday],
  published: 'next',
  entry: { category: 'notes', valueBytes: 0 },
  before: { approved: [], rules: 'none' },
};

const fresh = { now, sent: now - 1_000, expires: null };
const both = { [name]: now - 1 + day, [birthday]: now };
const many = (count: number): string[] => Array.from({ length: count }, () => name);

/** Cases, each one check of one decision on arrival. */
export const recordedCases: readonly RecordedCase[] = [
  one('a fresh event', 'freshness', {}, pass({ ...fresh, seen_before: false })),
  one(
    'the same event once more',
    'freshness',
    { seen: 'same bytes' },
    fail('duplicate', 'the same event once more', { ...fresh, seen_before: true }),
  ),
  one(
    'another event under a known id',
    'freshness',
    { seen: 'other bytes' },
    fail('duplicate', 'this id was used with other bytes', { ...fresh, seen_before: true }),
  ),
  one('a request for data', 'payload', {}, pass({ type: 'data.request' })),
  one(
    'an order',
    'payload',
    { type: 'payment.request' },
    pass({ type: 'payment.request', once: `${'c'.repeat(26)}/payment.request/A-1` }),
  ),
  one('as many fields as may be', 'payload', { fields: many(200) }, pass({ type: 'data.request' })),
  one(
    'one field more',
    'payload',
    { fields: many(201) },
    fail('too_large', '201 fields', { type: 'data.request' }),
  ),
  one(
    'a session that lasts, and a yes that is needed again',
    'retention',
    served('this session', { [name]: 1, [birthday]: day }),
    pass({ now, until: both, session: 1, asked_anew: [birthday] }),
  ),
  one(
    'a session of another epoch',
    'retention',
    served('another', { [name]: 1 }),
    fail('retention_expired', `kept long enough: ${name}`, {
      now,
      until: { [name]: now - 1 },
      session: 1,
    }),
  ),
  one(
    'a field that was served before sessions were kept',
    'retention',
    served('unknown', { [birthday]: 1 }),
    pass({ now, until: { [birthday]: now - 1 + day } }),
  ),
  one('no rule', 'tier', { fields: [birthday] }, hold({ tiers: { [birthday]: 'consent' } })),
  one(
    'a rule for one of two fields of the consent tier',
    'tier',
    {
      fields: [name, birthday],
      connection: { ...connection, remembered: { [birthday]: { endsIn: 1, fits: 'all' } } },
    },
    pass({ tiers: { [name]: 'on_demand', [birthday]: 'consent' }, rules: { [birthday]: 102 } }),
  ),
  one(
    'a rule that is there a moment before the field’s retention is over',
    'tier',
    ruled(day - 1),
    pass({ tiers: { [birthday]: 'consent' }, rules: { [birthday]: 102 } }),
  ),
  one(
    'a rule that outlives the field’s retention',
    'tier',
    ruled(day),
    hold({ tiers: { [birthday]: 'consent' } }),
  ),
  one(
    'a type that always asks, and asks for no field',
    'tier',
    { type: 'signature.request' },
    hold({ tiers: {}, always: true }),
  ),
  alwaysAsked(),
  once('a number is', 17, {
    type: 'payment.request',
    once: `${'c'.repeat(26)}/payment.request/17`,
  }),
  once('a list is not', ['A-1'], { type: 'payment.request' }),
];

/** What is not recorded as it must be, in words. */
export function recordingFault(
  decider: typeof decide,
  cases: readonly RecordedCase[],
): string | undefined {
  for (const given of cases) {
    const { about, state, received, check, recorded } = given;
    const { checks, facts } = decider(state, received, now);
    if ('entry' in given && !sameEntry(facts.entry, given.entry))
      return `${about}: ${JSON.stringify(facts)}`;
    const found = checks.find((one) => one.check === check);
    if (JSON.stringify(found) !== JSON.stringify({ check, ...recorded }))
      return `${about}: ${JSON.stringify(found)}`;
  }
  return undefined;
}

function sameEntry(found: EntryAsked | undefined, said: EntryAsked | undefined): boolean {
  if (Object.values(found ?? {}).some((value) => value === undefined)) return false;
  return JSON.stringify(found) === JSON.stringify(said);
}

function one(
  about: string,
  check: CheckName,
  differs: Partial<Scenario>,
  recorded: RecordedCase['recorded'],
): RecordedCase {
  const { state, received } = given({ ...plain, ...differs });
  return { about, state, received, check, recorded };
}

/** A request with a rule that would stand for its only field, if its type did not always ask. */
function alwaysAsked(): RecordedCase {
  const given = one(
    'a rule, and a type that always asks',
    'tier',
    ruled(1),
    hold({ tiers: { [birthday]: 'consent' }, always: true }),
  );
  const asking = handlersWith('data.request', { consent: true });
  return { ...given, state: { ...given.state, handlers: asking } };
}

/** An order of a type whose schema takes anything: what it may happen once by is `order`. */
function once(about: string, order: unknown, inputs: Check['inputs']): RecordedCase {
  const { state, received } = given({ ...plain, type: 'payment.request' });
  if (received.event === undefined) throw new Error('it opens');
  const event = { ...received.event, payload: { order } as never };
  return {
    about: `${about} what may happen once`,
    state: { ...state, handlers: handlersWith('payment.request', { request: {} }) },
    received: { ...received, event },
    check: 'payload',
    recorded: pass(inputs),
  };
}

function served(
  servedIn: ScenarioConnection['servedIn'],
  servedAgo: ScenarioConnection['servedAgo'],
): Partial<Scenario> {
  return { fields: Object.keys(servedAgo), connection: { ...connection, servedIn, servedAgo } };
}

/** A request for the birthday, served so long ago and remembered still. */
function ruled(servedAgo: number): Partial<Scenario> {
  const remembered = { [birthday]: { endsIn: 1, fits: 'all' as const } };
  return {
    fields: [birthday],
    connection: { ...connection, remembered, servedAgo: { [birthday]: servedAgo } },
  };
}

/** A check that passed. */
export function pass(inputs: Check['inputs']): RecordedCase['recorded'] {
  return { result: 'pass', inputs };
}

function hold(inputs: Check['inputs']): RecordedCase['recorded'] {
  return { result: 'hold', inputs };
}

/** A check that failed. */
export function fail(
  reason: NonNullable<Check['reason']>,
  detail: string,
  inputs: Check['inputs'],
): RecordedCase['recorded'] {
  return { result: 'fail', reason, detail, inputs };
}
