import type { CheckName } from '../../../ledger/decision.ts';
import type { ContractField } from '../../../wire/contract.ts';
import type { Reason } from '../../../wire/reasons.ts';
import { isOver } from './reference-retention.ts';
import { type Counted, countedOf, hourMs, noticesOf, tokensOf } from './reference-tokens.ts';
import { handled, spaces } from './reference-types.ts';
import type { Scenario, ScenarioConnection, ScenarioType } from './scenario.ts';

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
  /** What the permission rests on, where it was given: fields that the owner's word grants anew, and remembered ones. */
  readonly granted?: readonly string[];
  readonly remembered?: readonly string[];
  /** Of what they are. */
  readonly of?: Counted;
};

type Wrong = { readonly [reason in Reason]?: boolean | undefined };

/** What must be decided. */
export function expected(scenario: Scenario): Expected {
  const failing = firstFailing(scenario);
  const tokens = tokensOf(scenario, failing?.check);
  const counted =
    tokens === undefined
      ? {}
      : {
          tokens: Math.max(tokens - (tokens >= hourMs ? hourMs : 0), 0),
          of: countedOf(scenario, failing?.check) ?? ('requests' as const),
        };
  if (failing !== undefined) return { outcome: 'denied', ...failing, ...counted };
  if (tokens !== undefined && tokens < hourMs)
    return { outcome: 'denied', check: 'rate', reasons: ['rate_limited'], ...counted };
  const messages = noticesOf(scenario);
  if (messages !== undefined && messages < hourMs)
    return { outcome: 'denied', check: 'rate', reasons: ['notification_limit'], ...counted };
  const wishes = asked(scenario).filter(({ tier }) => tier === 'consent');
  const standing = wishes.every((field) => stands(scenario, field));
  if (scenario.round === 'first')
    return standing && !alwaysAsks(scenario)
      ? { outcome: 'allowed', reasons: [], ...counted, remembered: wishes.map(nameOf) }
      : { outcome: 'pending', reasons: [], ...counted };
  const { rules, approved } = scenario.before;
  if (!wasRemembered(scenario)) {
    const again = wishes.map(nameOf).filter((name) => approved.includes(name));
    const granted = again.filter((name) => scenario.connection?.servedAgo[name] !== undefined);
    return { outcome: 'allowed', reasons: [], granted };
  }
  return wishes.length === 0 || (standing && rules === 'those of now')
    ? { outcome: 'allowed', reasons: [], remembered: wishes.map(nameOf) }
    : { outcome: 'denied', check: 'tier', reasons: ['consent_denied'] };
}

function nameOf({ name }: ContractField): string {
  return name;
}

/** Whether a request that is decided about again was allowed for what is remembered, without asking. */
function wasRemembered(scenario: Scenario): boolean {
  const { round, before, connection, fields } = scenario;
  const all = fields.every((name) => connection?.remembered[name] !== undefined);
  return round === 'again' && before.rules !== 'none' && all && !alwaysAsks(scenario);
}

/** Whether the owner is asked each time, whatever is asked for and whatever is remembered. */
export function alwaysAsks({ type }: Scenario): boolean {
  return handled[type]?.always === true;
}

/** Whether a remembered approval stands for the owner's yes to a field that the vault has; it outlives no retention. */
function stands({ type, connection, holds }: Scenario, field: ContractField): boolean {
  const { endsIn, fits } = connection?.remembered[field.name] ?? { endsIn: 0, fits: 'all' };
  const isFor = type === 'data.request' && fits === 'all' && holds.includes(field.name);
  return isFor && endsIn > 0 && !isOver(connection)(field);
}

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
      retention_expired: asked(scenario)
        .filter(({ tier }) => tier !== 'consent' || wasRemembered(scenario))
        .some(isOver(scenario.connection)),
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

/** What is wrong with what is published as the next version. */
const wrongVersion: Readonly<Record<Scenario['published'], Reason | undefined>> = {
  next: undefined,
  'skips a number': 'contract_version_mismatch',
  'other before': 'contract_version_mismatch',
  'other contract': 'contract_unknown',
  'the same': 'duplicate',
  'run out': 'contract_expired',
  'of another': 'sender_subject_mismatch',
  forged: 'signature_invalid',
};

function wrongPayload(scenario: Scenario): Wrong {
  const { type, unfit, done, word, published, connection, entry, account } = scenario;
  if (unfit) return { schema_invalid: true };
  if (type === 'contract.update') {
    if (connection?.contract === undefined) return { contract_unknown: true };
    const wrong = wrongVersion[published];
    return wrong === undefined ? {} : { [wrong]: true };
  }
  if (type === 'connection.request')
    return { signature_invalid: account === 'foreign', duplicate: account === 'taken' };
  if (type === 'credential.renew') return { rate_limited: isJustIssued(connection?.credential) };
  if (type === 'owner.approve')
    return {
      expired: word.request !== 'waits' || word.deadlineIn <= 0,
      malformed: word.request === 'waits' && (word.hash === 'wrong' || word.fields === 'others'),
    };
  if (handled[type]?.stores === true) return { too_large: entry.valueBytes > 65_536 };
  return { duplicate: handled[type]?.once === true && done };
}

/** Not twice in a hundredth of a credential's life. */
function isJustIssued(credential: ScenarioConnection['credential']): boolean {
  return credential !== undefined && credential.issuedAgo * 100 < credential.lasts;
}

function wrongContract({ connection, names }: Scenario): Wrong {
  const none = connection?.contract === undefined;
  const { contractExpiresIn: end, frozen } = connection ?? {};
  return {
    contract_unknown: none || names === 'none' || names === 'other id',
    contract_pending: !none && frozen === true,
    contract_version_mismatch:
      !none && frozen !== true && (names === 'other version' || names === 'other hash'),
    contract_expired: !none && frozen !== true && end !== undefined && end <= 0,
  };
}

function wrongPermission({ type, connection, entry }: Scenario): Wrong {
  const { permission: needed, stores } = handled[type] ?? {};
  const { permissions, storage } = connection?.contract ?? {};
  if (needed !== undefined && permissions?.[needed] !== true) return { permission_missing: true };
  if (stores !== true) return {};
  if (storage?.categories.includes(entry.category) !== true) return { category_not_allowed: true };
  // Key `A-1`, and 64 bytes for the entry itself.
  const counts = entry.category.length + 3 + 64 + entry.valueBytes;
  const { bytes, replaced } = connection?.stored ?? { bytes: 0, replaced: 0 };
  return { storage_quota: bytes - replaced + counts > storage.megabytes * 1_000_000 };
}

function wrongFields(scenario: Scenario): Wrong {
  const { purpose } = scenario;
  const found = asked(scenario);
  return {
    field_not_in_contract: found.length < namesOf(scenario).length,
    purpose_mismatch: purpose !== undefined && found.some((field) => field.purpose !== purpose),
  };
}

/** Only what handlers serve is under a contract: the owner's words and the handshake are not. */
function underContract(wrong: (scenario: Scenario) => Wrong): (scenario: Scenario) => Wrong {
  return (scenario) => (spaces[scenario.type] === undefined ? wrong(scenario) : {});
}

function spaceOf(type: ScenarioType): 'owner' | 'message' | undefined {
  return spaces[type] ?? (handled[type] === undefined ? undefined : 'message');
}

/** Names of the fields that an event asks for. */
export function namesOf({ type, fields }: Scenario): readonly string[] {
  return handled[type]?.fields === true ? fields : [];
}

/** What the contract says about the fields that are asked for; nothing about those it does not declare. */
export function asked(scenario: Scenario): readonly ContractField[] {
  const names = namesOf(scenario);
  return (scenario.connection?.contract?.fields ?? []).filter(({ name }) => names.includes(name));
}
