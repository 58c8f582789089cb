import type { HandledBody } from '../../ledger/bodies.ts';
import {
  type Connection,
  type OpenRequest,
  storedEntries,
  type VaultState,
} from '../../projections/vault-state.ts';
import { consentRequestedType } from '../../wire/messages.ts';
import type { Reason } from '../../wire/reasons.ts';
import { payloadOfType } from '../decision/agent.ts';
import { decide } from '../decision/decide.ts';
import type { HandlerOutcome, HandlerServices } from '../host/handler-port.ts';
import type { LoadedHandler } from '../host/manifest-loader.ts';
import { questionOf, queueAnswer, queueDenial, refusal } from './answers.ts';
import { describeRequest } from './described-request.ts';
import { followEffects } from './effects.ts';
import { entryKeys, entryValue } from './entries.ts';
import { notify } from './notices.ts';
import { tellOwner } from './tell-owner.ts';
import type { Turn, VaultParts } from './turn.ts';

/** Requests that one turn ends, at most: what follows from it must fit one commit. */
const endedPerTurn = 100;

/** A handler's run, over. */
export type FinishedRun = {
  readonly handler: LoadedHandler;
  readonly outcome: HandlerOutcome;
  /** Fields whose value the handler was given. */
  readonly provided: ReadonlySet<string>;
  /** Whether it was given the value of a stored entry. */
  readonly entries: boolean;
};

/** Asks the owner about a held request, and tells the requester that it waits. */
export async function holdRequest(
  parts: VaultParts,
  turn: Turn,
  request: OpenRequest,
  from: number,
): Promise<void> {
  const { state } = turn.batch;
  const { deadline } = request.facts;
  const question = questionOf(request.received, from);
  const until = deadline === undefined ? {} : { until: deadline };
  await queueAnswer(parts, turn, question, { status: 'pending', type: question.type, ...until });
  const connection = state.connections.get(request.connection);
  if (connection === undefined) return;
  await tellOwner(parts, turn, consentRequestedType, describeRequest(request, connection), from);
}

/** Runs the handler of an allowed request. Its result takes effect only through `finishRequest`. */
export async function runHandler(parts: VaultParts, request: OpenRequest): Promise<FinishedRun> {
  const handler = parts.runner.handlers.find(({ manifest }) => manifest.name === request.handler);
  if (handler === undefined) throw new Error(`handler ${request.handler} is not installed`);
  const { state } = parts.journal;
  const event = request.received.event;
  const party = state.connections.get(request.connection);
  const payload = payloadOfType(party, event?.payload ?? null);
  const provided = new Set<string>();
  let entries = false;
  const { connection } = request;
  const services: HandlerServices = {
    read: async (field) => {
      const value = parts.journal.state.fields.get(field)?.value;
      if (value !== undefined) provided.add(field);
      return value;
    },
    sign: async (purpose, bytes) => {
      const signer = parts.secrets.purpose(purpose);
      if (signer === undefined) throw new Error(`no key for ${purpose}`);
      return { signature: signer.sign(`cambium/sign/${purpose}/v1`, bytes), key: signer.publicKey };
    },
    entry: async (category, key) => {
      const value = entryValue(parts.journal.state, connection, category, key);
      entries ||= value !== undefined;
      return value;
    },
    entries: async (category, after) => entryKeys(parts.journal.state, connection, category, after),
  };
  const call = {
    call: request.key,
    type: event?.type ?? '',
    event: { id: event?.id ?? '', time: event?.time ?? 0, payload },
    vault: state.vault,
    connection: request.connection,
    party: party?.party ?? '',
  };
  const { category } = request.facts.entry ?? {};
  const outcome = await parts.runner.run(handler, call, services, {
    fields: allowedFields(request),
    ...(category === undefined ? {} : { category }),
  });
  return { handler, outcome, provided, entries };
}

/**
 * Records what a run came to, and queues its answer. The checks run once more on the state of now:
 * severed meanwhile, or another request with the same order id done first, and the result is dropped
 * with its effects.
 */
export async function finishRequest(
  parts: VaultParts,
  turn: Turn,
  request: OpenRequest,
  run: FinishedRun,
): Promise<void> {
  const { batch } = turn;
  const again = decide(batch.state, request.received, batch.time, 'again');
  const { outcome } = run;
  // Its connection was severed while the handler ran, and it was answered then.
  const answered = !batch.state.requests.has(request.key);
  const failure = failureOf(request, run, again.outcome === 'denied' ? again : undefined);
  const from = batch.add({
    kind: 'handled',
    scope: scopeOf(batch.state.connections.get(request.connection), batch.state.scope),
    cause: request.index,
    body: handledBody(request, run, failure),
  });
  if (answered) return;
  const question = questionOf(request.received, from);
  if (again.outcome === 'denied') return queueDenial(parts, turn, question, again);
  const answer =
    failure === undefined
      ? { status: 'served' as const, type: question.type, result: outcome.result ?? null }
      : refusal(question.type, failure.reason);
  const values = run.entries ? [...run.provided, storedEntries] : [...run.provided];
  const fields = failure === undefined ? values : [];
  if (failure === undefined) await followEffects(parts, turn, request, outcome.effects, from);
  return queueAnswer(parts, turn, { ...question, fields }, answer);
}

/** Scope of what is recorded about a connection. */
export function scopeOf(connection: Connection | undefined, fallback: string): string {
  return connection?.scope ?? fallback;
}

type Failure = {
  readonly code: HandledBody['code'];
  readonly reason: Reason;
  readonly detail: string;
};

function failureOf(
  request: OpenRequest,
  { outcome, provided }: FinishedRun,
  denied: { readonly reason?: Reason; readonly detail?: string } | undefined,
): Failure | undefined {
  if (denied !== undefined)
    return { code: 'dropped', reason: denied.reason ?? 'internal', detail: denied.detail ?? '' };
  if (outcome.code === 'failed' && lacked(request, outcome, provided)) return absent;
  if (outcome.code !== 'ok') {
    const reason = outcome.code === 'timeout' ? 'handler_timeout' : 'handler_failed';
    return { code: outcome.code, reason, detail: outcome.detail ?? '' };
  }
  const { fields = [] } = request.facts;
  // The same bytes as a denied consent: a peer must not learn what the vault holds.
  return fields.length > 0 && !fields.some((field) => provided.has(field)) ? absent : undefined;
}

const absent: Failure = {
  code: 'dropped',
  reason: 'field_absent',
  detail: 'the vault gives none of the fields, or not all that were needed',
};

/** Whether a handler gave up after it had asked for every field and was not given all: it needs each of them. */
function lacked(
  { facts: { fields = [] } }: OpenRequest,
  { accesses }: HandlerOutcome,
  provided: ReadonlySet<string>,
): boolean {
  const asked = (field: string): boolean =>
    accesses.some(({ what, name }) => what === 'read' && name === field);
  return fields.every(asked) && !fields.every((field) => provided.has(field));
}

function handledBody(
  request: OpenRequest,
  { handler, outcome, provided }: FinishedRun,
  failure: Failure | undefined,
): HandledBody {
  const asked = request.facts.fields ?? [];
  const given = failure === undefined ? asked.filter((field) => provided.has(field)) : [];
  const { once } = request.facts;
  return {
    request: request.key,
    handler: {
      name: handler.manifest.name,
      version: handler.manifest.version,
      digest: handler.digest,
    },
    code: failure?.code ?? 'ok',
    ...(failure === undefined ? {} : { reason: failure.reason, detail: failure.detail }),
    durationMs: outcome.durationMs,
    provided: given,
    refused: asked.filter((field) => !given.includes(field)),
    accesses: outcome.accesses,
    effects: failure === undefined ? outcome.effects : [],
    ...(once === undefined ? {} : { once }),
  };
}

/** What the handler may see: what was asked for, less the consent fields that nobody approved. */
function allowedFields(request: OpenRequest): ReadonlySet<string> {
  const { fields = [], consent = [], rules = {} } = request.facts;
  const approved = request.approved ?? Object.keys(rules);
  return new Set(fields.filter((field) => !consent.includes(field) || approved.includes(field)));
}

/**
 * Ends requests that wait in vain: their time is over, or their connection is. Only some at once: a
 * party could let a thousand expire in the same moment. `nextEnd` says when there are more.
 */
export async function expireDue(
  parts: VaultParts,
  turn: Turn,
  atMost: number = endedPerTurn,
): Promise<void> {
  const { state, time } = turn.batch;
  const due = state.requests
    .valueSeq()
    .filter((request) => endOf(state, request) <= time)
    .take(atMost)
    .toArray();
  for (const request of due) {
    const severed = endOf(state, request) === 0;
    await expireRequest(parts, turn, request, severed ? 'connection_severed' : 'consent_expired');
  }
}

/** When the next open request ends by itself, Unix milliseconds; infinite for none. */
export function nextEnd(state: VaultState): number {
  return state.requests.reduce(
    (next, request) => Math.min(next, endOf(state, request)),
    Number.POSITIVE_INFINITY,
  );
}

function endOf(state: VaultState, request: OpenRequest): number {
  if (state.connections.get(request.connection)?.status === 'severed') return 0;
  const waits = request.status === 'pending' ? request.facts.deadline : undefined;
  return waits ?? Number.POSITIVE_INFINITY;
}

/** Ends an unanswered request. */
export async function expireRequest(
  parts: VaultParts,
  turn: Turn,
  request: OpenRequest,
  reason: Reason,
): Promise<void> {
  const connection = turn.batch.state.connections.get(request.connection);
  const from = turn.batch.add({
    kind: 'expired',
    scope: scopeOf(connection, turn.batch.state.scope),
    cause: request.index,
    body: { request: request.key, reason },
  });
  const question = questionOf(request.received, from);
  await queueAnswer(parts, turn, question, refusal(question.type, reason));
  if (reason !== 'consent_expired' || connection === undefined) return;
  const about = { about: reason, connection: connection.id, detail: question.type };
  await notify(parts, turn, about, from);
}
