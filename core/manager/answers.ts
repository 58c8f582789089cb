import type { PeerKeys, ReceivedEvent } from '../../ledger/bodies.ts';
import type { Decision } from '../../ledger/decision.ts';
import { eventKey, type VaultState } from '../../projections/vault-state.ts';
import { type Answer, answerType, keptAnswerType, wireTypes } from '../../wire/messages.ts';
import { publicReason, type Reason } from '../../wire/reasons.ts';
import { parseSubject } from '../../wire/subjects.ts';
import { withStatement } from './statements.ts';
import type { Turn, VaultParts } from './turn.ts';

/** What an answer is given to. */
export type Question = {
  readonly connection: string;
  /** The party that asked, where the connection has another since. */
  readonly to?: string;
  readonly id: string;
  readonly type: string;
  /** The type that its subject names, which is there even where its envelope did not open. */
  readonly sentAs?: string;
  /** Its epoch, and the greatest of ours that its sender had; absent where the answer comes so late that both may be over. */
  readonly asked?: { readonly epoch: number; readonly seen: number };
  /** Index of the record that the answer follows from. */
  readonly from: number;
  /** Names of the fields whose values the answer holds. */
  readonly fields?: readonly string[];
  /** Keys of somebody who is not recorded: who asked to connect, and is refused. */
  readonly asker?: PeerKeys;
  /** Another event had this id first: its redelivery must not get this answer. */
  readonly repeated?: boolean;
};

/** The question in a received event. */
export function questionOf(received: ReceivedEvent, from: number): Question {
  const type = received.event?.type ?? '';
  const sentAs = parseSubject(received.subject)?.type ?? type;
  const { connection, id, epoch, seen } = received;
  return { connection, id, type, sentAs, asked: { epoch, seen }, from };
}

/** Queues an answer. The latest one is what a redelivery of the request gets again. */
export async function queueAnswer(
  parts: VaultParts,
  turn: Turn,
  question: Question,
  answer: Answer,
): Promise<void> {
  const { connection, to, id, type, sentAs = type, asked, from, fields = [] } = question;
  const { repeated, asker } = question;
  if (id === '') return;
  const { state } = turn.batch;
  const toOwner = state.connections.get(connection)?.kind === 'owner';
  const critical = !toOwner && isCritical(state, sentAs);
  await parts.sealer.queue(turn.batch, {
    connection,
    ...(to === undefined ? {} : { to }),
    type: critical ? keptAnswerType : answerType,
    payload: withStatement(parts, turn, question, answer),
    cause: id,
    from,
    ...(asked === undefined ? {} : { asked }),
    ...(asker === undefined ? {} : { asker }),
    ...(fields.length === 0 ? {} : { fields }),
    critical,
    ...(repeated === true ? {} : { answers: eventKey(connection, id) }),
  });
}

/** The answer that refuses: a peer is told the public code, the owner's app everything. */
export function refusal(type: string, reason: Reason, toOwner?: string): Answer {
  const code = publicReason(reason);
  return toOwner === undefined
    ? { status: 'refused', type, code }
    : { status: 'refused', type, code, detail: toOwner };
}

/** Queues the refusal that a decision amounts to. */
export async function queueDenial(
  parts: VaultParts,
  turn: Turn,
  question: Question,
  decision: Decision,
): Promise<void> {
  const kind = turn.batch.state.connections.get(question.connection)?.kind;
  // Whoever asks to connect is told what is wrong with what they sent; it says nothing of the vault.
  const told = kind === 'owner' || question.asker !== undefined;
  const detail = told ? (decision.detail ?? '') : undefined;
  const answer = refusal(question.type, decision.reason ?? 'internal', detail);
  await queueAnswer(parts, turn, question, answer);
}

/** Whether events of this type are kept by the messaging layer until the vault has them. */
function isCritical({ handlers }: VaultState, type: string): boolean {
  if (Object.hasOwn(wireTypes, type)) return wireTypes[type]?.delivery === 'critical';
  return handlers.some(({ manifest }) =>
    manifest.types.some((handled) => handled.type === type && handled.delivery === 'critical'),
  );
}

/**
 * Sealed and sent, but not kept: what the owner's app reads and can ask for again, and the refusals of a party
 * that goes on without a token.
 */
export async function answerUnrecorded(
  parts: VaultParts,
  turn: Turn,
  received: ReceivedEvent,
  answer: Answer,
): Promise<void> {
  const { connection, id, epoch, seen } = received;
  if (id === '') return;
  const asked = { epoch, seen };
  const outgoing = { connection, type: answerType, payload: answer, cause: id, asked };
  const sealed = await parts.sealer.seal(turn.batch, outgoing);
  if (sealed !== undefined)
    turn.effects.push(() => parts.bus.publish(sealed.subject, sealed.bytes));
}
