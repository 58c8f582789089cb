import type { Kind } from '../ledger/kinds.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import type { PublicReason, Reason } from '../wire/reasons.ts';
import type { AnswerStatus, SignedStatement } from '../wire/statement.ts';
import { answerFrom, codeFor, type Said } from './receipt-contents.ts';
import { ReceiptError } from './receipt-error.ts';
import type { Disclosed, ProvenRecord } from './receipt-records.ts';
import type { ConnectionSummary } from './scope-run.ts';

/** One record of a receipt, as its clear header shows it. */
export type Step = {
  readonly record: number;
  readonly kind: Kind;
  /** Unix milliseconds. */
  readonly time: number;
};

/** What was decided about one event. Null is what this receipt does not tell. */
export type EventSummary = {
  readonly about: 'event';
  /** `records`: it follows from what they say. `statement`: it is the vault's signed word, and they are closed. */
  readonly basis: 'records' | 'statement';
  readonly event: string;
  readonly type: string | null;
  readonly connection: string;
  /** `allowed`: and nothing of what came of it is in this receipt. */
  readonly outcome: AnswerStatus | 'allowed';
  /** Why it was refused: what the service is told, and the vault's own reason. */
  readonly code: PublicReason | null;
  readonly reason: Reason | null;
  /** The contract that was in force. */
  readonly contract: {
    readonly id: string | null;
    readonly version: number | null;
    readonly hash: string | null;
  } | null;
  /** Names of the fields that were asked for, and of those that were given. */
  readonly asked: readonly string[] | null;
  readonly provided: readonly string[] | null;
  /** What the owner said, where the owner was asked. */
  readonly consent: 'approved' | 'denied' | null;
  /** Times of the records that say so, Unix milliseconds: when it came, and when it was decided about. */
  readonly received: number | null;
  readonly decided: number | null;
  readonly steps: readonly Step[];
};

/** One record that belongs to no event. */
export type RecordSummary = {
  readonly about: 'record';
  /** `headers`: it is closed, and shows its kind, time and scope. */
  readonly basis: 'records' | 'headers';
  readonly scope: string;
  readonly steps: readonly Step[];
};

/** What a receipt says, in members that a person can read. */
export type ReceiptSummary = EventSummary | RecordSummary | ConnectionSummary;

/** The records as their headers show them. */
export function stepsOf(records: readonly ProvenRecord[]): Step[] {
  return records.map(({ index, kind, time }) => ({ record: index, kind, time }));
}

/** What a receipt of one record says. */
export function recordSummary(records: readonly ProvenRecord[]): RecordSummary {
  const [record] = records;
  if (record === undefined || records.length !== 1)
    throw new ReceiptError('MALFORMED', 'a receipt of one record holds one');
  const basis = record.disclosed === undefined ? 'headers' : 'records';
  return { about: 'record', basis, scope: record.scope, steps: stepsOf(records) };
}

/**
 * What a receipt of one event says: by its records when all are open, else by the vault's statements.
 * @param statements - proved, in the order of their records
 * @throws ReceiptError when they do not belong together, or nothing says what was decided
 */
export function eventSummary(
  records: readonly ProvenRecord[],
  statements: readonly SignedStatement[],
): EventSummary {
  const [first] = records;
  const foreign = records.find(({ scope }) => scope !== first?.scope);
  if (foreign !== undefined)
    throw new ReceiptError('RECORD_FOREIGN', 'a record of another scope', foreign.index);
  const open = records.flatMap(({ disclosed, ...record }) =>
    disclosed === undefined ? [] : [{ ...record, disclosed }],
  );
  const last = statements.at(-1);
  if (open.length === records.length) {
    const summary = byRecords(open);
    const contract = summary.contract ?? (last === undefined ? null : statedContract(last));
    return { ...summary, contract };
  }
  if (last === undefined)
    throw new ReceiptError('MALFORMED', 'closed records, and no statement about them');
  return byStatement(records, last);
}

type OpenRecord = ProvenRecord & { readonly disclosed: Disclosed };

const blank: EventSummary = {
  about: 'event',
  basis: 'records',
  event: '',
  type: null,
  connection: '',
  outcome: 'allowed',
  code: null,
  reason: null,
  contract: null,
  asked: null,
  provided: null,
  consent: null,
  received: null,
  decided: null,
  steps: [],
};

function byStatement(records: readonly ProvenRecord[], statement: SignedStatement): EventSummary {
  const { event, type, connection, status, code = null, time } = statement;
  return {
    ...blank,
    basis: 'statement',
    event,
    type: type === '' ? null : type,
    connection,
    outcome: status,
    code,
    contract: statedContract(statement),
    decided: time,
    steps: stepsOf(records),
  };
}

function statedContract({ contract: hash }: SignedStatement): EventSummary['contract'] {
  return hash === undefined ? null : { id: null, version: null, hash };
}

function byRecords(records: readonly OpenRecord[]): EventSummary {
  const [arrival, ...followed] = records;
  if (arrival?.kind !== 'received')
    throw new ReceiptError('RECORD_FOREIGN', 'it does not begin with an event', arrival?.index);
  const { connection, id, event } = arrival.disclosed.contents as unknown as Said['received'];
  const begun: EventSummary = {
    ...blank,
    event: id,
    type: event?.type ?? null,
    connection,
    received: arrival.time,
    steps: stepsOf(records),
  };
  const stray = followed.find((record) => !isAbout(record, arrival, followed));
  if (stray !== undefined)
    throw new ReceiptError(
      'RECORD_FOREIGN',
      `record ${stray.index} is not about this event`,
      stray.index,
    );
  return followed.reduce((summary, record) => withRecord(summary, record, event), begun);
}

/**
 * Whether a record says itself that it is about the event: an event under the same id has the same request,
 * so the record that it follows from counts too.
 */
function isAbout(record: OpenRecord, arrival: OpenRecord, others: readonly OpenRecord[]): boolean {
  const { contents, cause } = record.disclosed;
  const { connection, id, digest } = arrival.disclosed.contents as unknown as Said['received'];
  const said = contents as Partial<Said['consented'] & Said['requested'] & Said['decided']>;
  const isRequest = said.request === `${connection}/${id}`;
  const follows = (kind: Kind): boolean =>
    others.some((other) => other.kind === kind && other.index === cause);
  switch (record.kind) {
    case 'decided':
      return isRequest && (said.again === true ? follows('consented') : cause === arrival.index);
    case 'consented':
      return isRequest && said.hash === digest;
    case 'handled':
    case 'expired':
      return isRequest && cause === arrival.index;
    case 'requested':
      return said.connection === connection && said.event === id && follows('decided');
    case 'contract_offered':
      return said.connection === connection && said.event === id && follows('decided');
    case 'contract_accepted':
      return said.connection === connection && others.some((other) => isOffer(other, said.hash));
    case 'credential_renewed':
      return said.connection === connection && follows('decided');
    case 'connected':
    case 'declined': {
      // A connection is asked for once: the request in this receipt is the one that was answered.
      const asked = others.some(({ kind, index }) => kind === 'requested' && index < record.index);
      return said.connection === connection && asked;
    }
    default:
      return false;
  }
}

/** Whether a record offers the version of a contract that has this hash. */
function isOffer({ kind, disclosed }: OpenRecord, hash: string | undefined): boolean {
  if (kind !== 'contract_offered') return false;
  const { contract } = disclosed.contents as unknown as Said['contract_offered'];
  return contractHash(contract.contract as unknown as Contract) === hash;
}

function withRecord(
  before: EventSummary,
  { kind, time, disclosed: { contents } }: OpenRecord,
  event: Said['received']['event'],
): EventSummary {
  const summary = { ...before, ...details(kind, contents, event) };
  const answer = answerFrom(kind, contents, before.type ?? '');
  if (answer !== undefined) {
    const { status: outcome, reason = null } = answer;
    return { ...summary, outcome, reason, code: codeFor(answer).code ?? null, decided: time };
  }
  if (kind !== 'decided') return summary;
  return { ...summary, outcome: 'allowed', reason: null, code: null, decided: time };
}

/** What else a record tells. */
function details(
  kind: Kind,
  contents: unknown,
  event: Said['received']['event'],
): Partial<EventSummary> {
  switch (kind) {
    case 'decided': {
      const { facts, checks, again } = contents as Said['decided'];
      const asked = facts.fields === undefined ? {} : { asked: facts.fields };
      return again ? asked : { ...asked, contract: contractIn(checks, event) };
    }
    case 'consented':
      return { consent: (contents as Said['consented']).outcome };
    case 'handled':
      return { provided: (contents as Said['handled']).provided };
    default:
      return {};
  }
}

/** The contract in force, as the check of it found it; its hash is known where the event named the same. */
function contractIn(
  checks: Said['decided']['checks'],
  event: Said['received']['event'],
): EventSummary['contract'] {
  const inputs = checks.find(({ check }) => check === 'contract')?.inputs ?? {};
  const { accepted_id: id, accepted_version: version, hash_matches: same } = inputs;
  if (typeof id !== 'string' || typeof version !== 'number') return null;
  return { id, version, hash: same === true ? (event?.contract?.hash ?? null) : null };
}
