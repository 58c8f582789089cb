import type { CheckName } from '../../../ledger/decision.ts';
import type { Contract, ContractField } from '../../../wire/contract.ts';
import type { Reason } from '../../../wire/reasons.ts';
import { now, type Scenario, type ScenarioConnection, type ScenarioType } from './scenario.ts';

/*
 * The thirteen checks once more, written as the specification says them: for each a list of what is wrong.
 * Nothing of `decide` is used, neither its code nor the shape of what it reads. Where two things are wrong
 * within one check the specification names no first, and either is right.
 */

/** What the specification says about an event. */
export type Expected = {
  readonly outcome: 'allowed' | 'denied' | 'pending';
  /** The first check that fails, and the reasons that it may give. */
  readonly check?: CheckName;
  readonly reasons: readonly Reason[];
  /** Tokens that are left, `hourMs` for each; absent where none are counted. */
  readonly tokens?: number;
};

type Wrong = { readonly [reason in Reason]?: boolean | undefined };

/** What a handler's types need: a permission, fields, and that they happen once. */
const handled: Readonly<
  Partial<
    Record<ScenarioType, { permission?: keyof Contract['permissions']; fields?: true; once?: true }>
  >
> = {
  'data.request': { fields: true },
  'payment.request': { permission: 'payment', once: true },
  'location.request': { permission: 'location', fields: true },
  'note.send': {},
};
const spaces: Readonly<Partial<Record<ScenarioType, 'owner' | 'message'>>> = {
  'owner.fields': 'owner',
  'owner.approve': 'owner',
  'connection.request': 'message',
  'credential.renew': 'message',
};
const lengths: Readonly<Record<string, number>> = {
  P0D: 0,
  PT30M: 30 * 60_000,
  P1D: 86_400_000,
  P30D: 30 * 86_400_000,
  P1DT2H3M: (26 * 60 + 3) * 60_000,
};

/** What must be decided. */
export function expected(scenario: Scenario): Expected {
  const failing = firstFailing(scenario);
  const tokens = tokensOf(scenario, failing?.check);
  const counted =
    tokens === undefined ? {} : { tokens: Math.max(tokens - (tokens >= hourMs ? hourMs : 0), 0) };
  if (failing !== undefined) return { outcome: 'denied', ...failing, ...counted };
  if (tokens !== undefined && tokens < hourMs)
    return { outcome: 'denied', check: 'rate', reasons: ['rate_limited'], ...counted };
  const held = scenario.round === 'first' && asked(scenario).some(({ tier }) => tier === 'consent');
  return { outcome: held ? 'pending' : 'allowed', reasons: [], ...counted };
}

/** Tokens are counted in milliseconds of an hour, so that a refill is a whole number. */
export const hourMs = 3_600_000;

function firstFailing(scenario: Scenario): { check: CheckName; reasons: Reason[] } | undefined {
  for (const [check, wrong] of checks) {
    const found = wrong(scenario);
    const reasons = (Object.keys(found) as Reason[]).filter((reason) => found[reason] === true);
    if (reasons.length > 0) return { check, reasons };
  }
  return undefined;
}

const checks: readonly (readonly [CheckName, (scenario: Scenario) => Wrong])[] = [
  [
    'envelope',
    ({ round, envelope }) =>
      round === 'again' || envelope === undefined ? {} : { [envelope]: true },
  ],
  ['sender', (scenario) => (scenario.round === 'again' ? {} : wrongSender(scenario))],
  ['freshness', wrongTime],
  ['connection', wrongConnection],
  ['event_type', ({ type, space }) => ({ event_unsupported: spaceOf(type) !== space })],
  ['payload', wrongPayload],
  ['contract', underContract(wrongContract)],
  ['permission', underContract(wrongPermission)],
  ['fields', underContract(wrongFields)],
  [
    'optional',
    underContract((scenario) => ({
      optional_declined: asked(scenario).some(
        ({ tier, name }) => tier === 'optional' && !scenario.connection?.optional.includes(name),
      ),
    })),
  ],
  [
    'retention',
    underContract((scenario) => ({
      retention_expired: asked(scenario).some(isOver(scenario.connection)),
    })),
  ],
];

function wrongSender({
  connection,
  subjectSender,
  eventSender,
  outside,
  away,
  signature,
}: Scenario): Wrong {
  if (connection === undefined) return { connection_unknown: true };
  const same = subjectSender === 'party' && eventSender === 'party' && outside === 'same' && !away;
  return { sender_subject_mismatch: !same, signature_invalid: signature !== 'valid' };
}

/** Later rounds ask only whether its sender let it expire meanwhile. */
function wrongTime({ round, sentAgo, expiresIn, seen }: Scenario): Wrong {
  const past = expiresIn !== undefined && expiresIn <= 0;
  if (round === 'again') return { expired: past };
  return {
    expired: past || sentAgo > 16 * 24 * hourMs,
    future_timestamp: sentAgo < -2 * 60_000,
    duplicate: seen !== 'no',
  };
}

function wrongConnection({ type, connection }: Scenario): Wrong {
  if (connection === undefined) return { connection_unknown: true };
  const { status, inviteExpiresIn } = connection;
  if (status === 'severed') return { connection_severed: true };
  if (type !== 'connection.request') return { connection_inactive: status !== 'active' };
  return status === 'invited' ? { expired: inviteExpiresIn <= 0 } : { duplicate: true };
}

function wrongPayload({ type, unfit, done, word, account, connection }: Scenario): Wrong {
  if (unfit) return { schema_invalid: true };
  if (type === 'connection.request')
    return { signature_invalid: account === 'foreign', duplicate: account === 'taken' };
  if (type === 'credential.renew') return { rate_limited: isJustIssued(connection?.credential) };
  if (type === 'owner.approve')
    return {
      expired: word.request !== 'waits' || word.deadlineIn <= 0,
      malformed: word.request === 'waits' && (word.hash === 'wrong' || word.fields === 'others'),
    };
  return { duplicate: handled[type]?.once === true && done };
}

/** Not twice in a hundredth of a credential's life. */
function isJustIssued(credential: ScenarioConnection['credential']): boolean {
  return credential !== undefined && credential.issuedAgo * 100 < credential.lasts;
}

function wrongContract({ connection, names }: Scenario): Wrong {
  const none = connection?.contract === undefined;
  const { contractExpiresIn: end } = connection ?? {};
  return {
    contract_unknown: none || names === 'none' || names === 'other id',
    contract_version_mismatch: !none && (names === 'other version' || names === 'other hash'),
    contract_expired: !none && end !== undefined && end <= 0,
  };
}

function wrongPermission({ type, connection }: Scenario): Wrong {
  const needed = handled[type]?.permission;
  return {
    permission_missing: needed !== undefined && connection?.contract?.permissions[needed] !== true,
  };
}

function wrongFields(scenario: Scenario): Wrong {
  const { purpose } = scenario;
  const found = asked(scenario);
  return {
    field_not_in_contract: found.length < namesOf(scenario).length,
    purpose_mismatch: purpose !== undefined && found.some((field) => field.purpose !== purpose),
  };
}

/** Whether a field was first served as long ago as it may be had. */
function isOver(connection: ScenarioConnection | undefined): (field: ContractField) => boolean {
  return ({ name, retention }) => {
    const ago = connection?.servedAgo[name];
    const length = lengths[retention];
    return ago !== undefined && length !== undefined && ago >= length;
  };
}

/** Only what handlers serve is under a contract: the owner's words and the handshake are not. */
function underContract(wrong: (scenario: Scenario) => Wrong): (scenario: Scenario) => Wrong {
  return (scenario) => (spaces[scenario.type] === undefined ? wrong(scenario) : {});
}

/** Check 12: tokens before this event, where they are counted: on arrival, from a known sender. */
function tokensOf(scenario: Scenario, failing: CheckName | undefined): number | undefined {
  const { round, type, connection } = scenario;
  const early = failing === 'envelope' || failing === 'sender' || failing === 'freshness';
  if (round === 'again' || early || spaces[type] !== undefined) return undefined;
  const limits = connection?.contract?.limits;
  if (limits === undefined) return undefined;
  const full = limits.burst * hourMs;
  if (connection?.bucket === undefined) return full;
  const { tokens, countedAgo } = connection.bucket;
  const gained = Math.max(0, countedAgo) * limits.requests_per_hour;
  return Math.min(full, tokens * hourMs + gained);
}

function spaceOf(type: ScenarioType): 'owner' | 'message' | undefined {
  return spaces[type] ?? (handled[type] === undefined ? undefined : 'message');
}

function namesOf({ type, fields }: Scenario): readonly string[] {
  return handled[type]?.fields === true ? fields : [];
}

/** What the contract says about the fields that are asked for; nothing about those it does not declare. */
function asked(scenario: Scenario): readonly ContractField[] {
  const names = namesOf(scenario);
  return (scenario.connection?.contract?.fields ?? []).filter(({ name }) => names.includes(name));
}

/** When the bucket of a scenario was counted last, as its decision must record it. */
export function countedAt({ connection }: Scenario): number {
  return now - Math.min(0, connection?.bucket?.countedAgo ?? 0);
}
