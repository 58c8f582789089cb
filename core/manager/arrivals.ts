import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Decision } from '../../ledger/decision.ts';
import { seenBefore } from '../../projections/seen-event.ts';
import {
  type Connection,
  eventKey,
  type OpenRequest,
  type VaultState,
} from '../../projections/vault-state.ts';
import { equalBytes, fromHex } from '../../wire/bytes.ts';
import { type Answer, wireTypes } from '../../wire/messages.ts';
import { decide } from '../decision/decide.ts';
import { tellAddressTo } from './address.ts';
import { tellCooling } from './agents.ts';
import { answerUnrecorded, questionOf, queueAnswer, queueDenial, refusal } from './answers.ts';
import { connectionCommand } from './connection-commands.ts';
import { renewCredential } from './connections.ts';
import { keepValue } from './entries.ts';
import { expectNotAhead } from './host-clock.ts';
import { type Arrival, askerKeys } from './inbound.ts';
import { tellOne } from './key-rotation.ts';
import { noticeOfRefusal } from './notice-of-refusal.ts';
import { notify } from './notices.ts';
import { runCommand } from './owner-commands.ts';
import { readings } from './readings.ts';
import { holdRequest } from './requests.ts';
import type { Turn, VaultParts } from './turn.ts';
import { endInvite } from './ways-in.ts';

/** What an arrival may set off outside its turn. */
export type ArrivalHooks = {
  /** Starts the handler of a request. */
  readonly start: (request: OpenRequest) => void;
  readonly audit: (from: number, count: number) => Promise<unknown>;
  /** Publishes the recorded message of that index once more. */
  readonly again: (index: number) => Promise<void>;
  /** Counts an event that was delivered again. */
  readonly counted: () => void;
  /** Counts a refusal that is one of too many, and says so; false where it is to be recorded. */
  readonly fold: (decision: Decision, time: number) => boolean;
};

/** One event of a known party: recorded, decided about, and set on its way. */
export async function handleArrival(
  parts: VaultParts,
  turn: Turn,
  arrival: Arrival,
  hooks: ArrivalHooks,
): Promise<void> {
  const { batch, effects } = turn;
  const { received, connection } = arrival;
  const answered = redelivered(batch.state, connection, received);
  if (answered !== undefined) {
    hooks.counted();
    if (answered === 'unanswered') return readAgain(parts, turn, received, hooks.audit);
    return void effects.push(() => void hooks.again(answered));
  }
  if (connection.kind === 'owner' && received.signature?.valid === true && received.event)
    expectNotAhead(batch.time, received.event.time);
  const decision = decide(batch.state, received, batch.time);
  if (hooks.fold(decision, batch.time)) {
    const answer = refusal(received.event?.type ?? '', decision.reason ?? 'internal');
    return answerUnrecorded(parts, turn, received, answer);
  }
  const { scope } = connection;
  const from = batch.add({ kind: 'received', scope, body: received });
  const request = eventKey(connection.id, received.id);
  const repeated = batch.state.requests.get(request)?.index !== from;
  const body = { request, again: false, ...decision };
  const index = batch.add({ kind: 'decided', scope, cause: from, body });
  // Behind the decision, so that `received` directly follows the state that was decided on.
  const isKnown = connection.keys !== undefined;
  const holds = identityHolds(decision);
  if (arrival.epoch !== undefined && isKnown && holds) batch.add(arrival.epoch);
  const { value } = arrival;
  if (value !== undefined && decision.outcome !== 'denied' && decision.facts.entry !== undefined)
    await keepValue(parts, turn, { connection: connection.id, request, value }, from);
  // A party that comes with a new epoch may have been away when it was told.
  if (arrival.epoch !== undefined && isKnown && holds)
    await tellAgain(parts, turn, received, index);
  if (holds && received.event?.type !== 'connection.request') endInvite(parts, turn, connection);
  const open = batch.state.requests.get(request);
  if (decision.outcome === 'denied') {
    const asker = isKnown || !holds ? undefined : askerKeys(received);
    const question = { ...questionOf(received, index), repeated, ...(asker && { asker }) };
    await queueDenial(parts, turn, question, decision);
    const { cooling } = decision.facts;
    if (cooling !== undefined) await tellCooling(parts, turn, connection.id, cooling, index);
    const notice = noticeOfRefusal(connection, received, decision);
    return notice && notify(parts, turn, notice, index);
  }
  if (decision.outcome === 'pending') {
    if (open !== undefined) await holdRequest(parts, turn, open, index);
    return;
  }
  if (open?.status === 'running') effects.push(() => hooks.start(open));
  else await answerItself(parts, turn, arrival, { from: index, hooks });
}

/** What the sender of a new epoch has not said yet that it knows; not beside the answer to its word on that. */
async function tellAgain(
  parts: VaultParts,
  turn: Turn,
  { connection, event }: ReceivedEvent,
  from: number,
): Promise<void> {
  if (event?.type !== 'connection.keys') await tellOne(parts, turn, connection, from);
  if (event?.type !== 'connection.servers') await tellAddressTo(parts, turn, connection, from);
}

/**
 * Whether checks 1 to 3 passed: only then is the epoch that the event brought installed. A replayed
 * opening brings none, since its event has been seen or is too old.
 */
function identityHolds({ checks }: Decision): boolean {
  return checks.slice(0, 3).every(({ result }) => result === 'pass');
}

/** Events of the standard's own types: the vault itself answers them, in the same turn. */
async function answerItself(
  parts: VaultParts,
  turn: Turn,
  arrival: Arrival,
  { from, hooks }: { readonly from: number; readonly hooks: ArrivalHooks },
): Promise<void> {
  const { received, value } = arrival;
  const type = received.event?.type ?? '';
  if (!Object.hasOwn(wireTypes, type)) return;
  const question = questionOf(received, from);
  const answerLater = (next: Turn, at: number, answer: Answer): Promise<void> =>
    queueAnswer(parts, next, { ...question, from: at }, answer);
  if (type === 'credential.renew') return renewCredential(parts, turn, received, from);
  const own = connectionCommand(type);
  if (own !== undefined) {
    const answer = await own(parts, turn, received, from);
    // With its keys, and not before: until then nobody has vouched for who opened it.
    const opened = arrival.connection.keys === undefined ? arrival.epoch : undefined;
    if (opened !== undefined && answer.status === 'pending') turn.batch.add(opened);
    return queueAnswer(parts, turn, question, answer);
  }
  const { start, audit } = hooks;
  const command = { turn, received, from, value, start, audit, answer: answerLater };
  const answer = await runCommand(parts, command);
  if (answer === undefined) return;
  if (Object.hasOwn(readings, type)) return answerUnrecorded(parts, turn, received, answer);
  return queueAnswer(parts, turn, question, answer);
}

/**
 * The same id with the same bytes, signed: no new decision. Index of the recorded answer, or
 * `unanswered` while there is none.
 */
function redelivered(
  state: VaultState,
  connection: Connection,
  received: ReceivedEvent,
): number | 'unanswered' | undefined {
  if (received.signature?.valid !== true) return undefined;
  const before = seenBefore(state, connection, received.id);
  if (before === undefined || !equalBytes(fromHex(before.digest), received.digest))
    return undefined;
  return before.answer ?? 'unanswered';
}

/**
 * What the owner's app reads is in no outbox: where its first answer was lost, the same event gets the one of now, if it
 * would still be allowed. No record follows from it.
 */
async function readAgain(
  parts: VaultParts,
  turn: Turn,
  received: ReceivedEvent,
  audit: ArrivalHooks['audit'],
): Promise<void> {
  const type = received.event?.type ?? '';
  const read = Object.hasOwn(readings, type) ? readings[type] : undefined;
  if (read === undefined) return;
  const { state, time } = turn.batch;
  const { outcome, reason = 'internal', detail } = decide(state, received, time, 'again');
  const answer =
    outcome === 'denied'
      ? refusal(type, reason, detail)
      : await read(parts, { turn, received, audit, again: true });
  return answerUnrecorded(parts, turn, received, answer);
}
