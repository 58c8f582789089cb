/* Vaults that say something wrong, or say it wrongly. */
import type { Batch } from '../../core/manager/journal.ts';
import type { Outgoing, SealedMessage } from '../../core/manager/sealer.ts';
import { concat } from '../../wire/bytes.ts';
import { open, seal } from '../../wire/crypto.ts';
import { decodeEvent, type Event, encodeEvent } from '../../wire/event.ts';
import { type Answer, isAnswerType } from '../../wire/messages.ts';
import { decode, encode, type MsgpackValue } from '../../wire/msgpack.ts';
import { pad, unpad } from '../../wire/padding.ts';
import { forgetsBytes } from './faults-received.ts';
import { atTheDoor, type Plan, type Plans, planted } from './plan.ts';
import type { Wrong } from './wrong-vault.ts';

type Inner = readonly [event: Uint8Array, signature: MsgpackValue, seen: MsgpackValue];
type Parts = readonly MsgpackValue[];

/** How what is said is sealed otherwise. */
type Resealed = {
  readonly inner?: (inner: Inner) => readonly MsgpackValue[];
  readonly padding?: (inner: Uint8Array) => Uint8Array;
  readonly subject?: (subject: string) => string;
  readonly aadSubject?: (subject: string) => string;
  readonly nonce?: (nonce: Uint8Array) => Uint8Array;
  readonly parts?: (parts: Parts) => Parts;
};

/** Seals once more what the vault says to its services. */
function resealed(change: Resealed): Wrong {
  return {
    seals: (sealed, { connection: id }, batch) => {
      const connection = batch.state.connections.get(id);
      const key = connection?.sending?.key;
      if (connection?.kind !== 'service' || key === undefined) return sealed;
      return sealAgain(sealed, key, change);
    },
  };
}

function sealAgain(sealed: SealedMessage, key: Uint8Array, change: Resealed): SealedMessage {
  const parts = decode(sealed.bytes) as Parts;
  const [, , connection, epoch, id, honestNonce, opening, box] = parts;
  const nonce = honestNonce as Uint8Array;
  const aad = (on: string): Uint8Array =>
    encode(['cambium/envelope/v1', 1, 1, connection, epoch, on, id]);
  const padded = open(key, nonce, aad(sealed.subject), box as Uint8Array) ?? new Uint8Array(0);
  const inner = decode(unpad(padded) ?? new Uint8Array(0)) as unknown as Inner;
  const said = encode(change.inner?.(inner) ?? inner);
  const subject = change.subject?.(sealed.subject) ?? sealed.subject;
  const other = change.nonce?.(nonce) ?? nonce;
  const filled = change.padding?.(said) ?? pad(said);
  const again = seal(key, other, aad(change.aadSubject?.(subject) ?? subject), filled);
  const eight = [1, 1, connection, epoch, id, other, opening, again] as Parts;
  return { ...sealed, subject, bytes: encode(change.parts?.(eight) ?? eight) };
}

/** The event inside is another. */
const withEvent = (change: (event: Event) => Uint8Array): Plan =>
  planted(
    resealed({
      inner: ([event, ...others]) => {
        const read = decodeEvent(event);
        return [read.ok ? change(read.value) : event, ...others];
      },
    }),
  );

export const part = (index: number, change: (value: MsgpackValue) => MsgpackValue): Plan =>
  planted(
    resealed({
      parts: (parts) => parts.map((old, at) => (at === index ? change(old) : old)),
    }),
  );

const messages: Plans = {
  'event.vault-unsigned': planted(
    resealed({ inner: ([event, , seen]) => [event, new Uint8Array(64), seen] }),
  ),
  'event.vault-form': withEvent((event) => encodeEvent({ ...event, party: 'somebody' })),
  'event.vault-bytes': withEvent((event) => {
    const members = Object.entries(decode(encodeEvent(event)) as object);
    return encode(Object.fromEntries(members.reverse()));
  }),
  'envelope.vault-parts': planted(resealed({ parts: (parts) => [...parts, null] })),
  'envelope.vault-box': planted(resealed({ aadSubject: (subject) => `${subject}.more` })),
  'envelope.vault-padding': planted(
    resealed({ padding: (inner) => concat(pad(inner), new Uint8Array(64)) }),
  ),
  'envelope.vault-nonces': planted(resealed({ nonce: () => new Uint8Array(24) })),
  'envelope.vault-opening': part(6, (opening) =>
    opening === null
      ? null
      : (opening as Parts).map((old, at) => (at === 2 ? new Uint8Array(64) : old)),
  ),
  'envelope.vault-repeats': part(6, () => null),
  'envelope.vault-seen': planted(
    resealed({ inner: ([event, signature]) => [event, signature, 0] }),
  ),
  'subjects.vault-subject': planted(
    resealed({ subject: (subject) => subject.replace('event.answer', 'event.reply') }),
  ),
};

type Payload = Readonly<Record<string, unknown>>;

/** An answer that says something else. */
export function answers(
  change: (answer: Payload, outgoing: Outgoing, batch: Batch) => Payload,
): Wrong {
  return {
    says: (outgoing, batch) => {
      const { type, payload } = outgoing;
      const service = batch.state.connections.get(outgoing.connection)?.kind === 'service';
      if (!service || !isAnswerType(type)) return outgoing;
      return { ...outgoing, payload: change(payload as Payload, outgoing, batch) };
    },
  };
}

/** Answers that are never given. */
export function mute(isSo: (answer: Payload) => boolean): Wrong {
  return { says: (outgoing) => (isSo(outgoing.payload as Payload) ? undefined : outgoing) };
}

const coded = (code: string): Wrong =>
  answers((answer) => (answer['code'] === 'refused' ? { ...answer, code } : answer));

const isAbsent = (batch: Batch): boolean =>
  batch.records.some(({ kind, body }) => kind === 'handled' && body.reason === 'field_absent');

const said: Plans = {
  'reasons.codes': planted(answers((answer) => ({ ...answer, code: 'field_absent' }))),
  'reasons.no-detail': planted(answers((answer) => ({ ...answer, detail: 'in words' }))),
  'reasons.denied': planted(coded('consent_denied'), 'denied'),
  'reasons.absent': planted(coded('field_absent')),
  'reasons.absent-as-denied': planted(
    answers((answer, _, batch) => (isAbsent(batch) ? { ...answer, hint: 'absent' } : answer)),
    'denied',
    'absent',
  ),
  'delivery.answer': planted(answers(({ code: _, ...answer }) => answer)),
  'delivery.answer-type': planted(answers((answer) => ({ ...answer, type: 'data.request' }))),
  'delivery.result': planted(
    answers(({ result, ...answer }) => ({
      ...answer,
      result: { ...(result as object), refused: [] },
    })),
  ),
  'handshake.pending': atTheDoor(mute(({ status }) => status === 'pending')),
  'handshake.same-again': atTheDoor(forgetsBytes),
  'handshake.accepted': atTheDoor(
    answers(({ result, ...answer }) =>
      result === undefined
        ? answer
        : { ...answer, result: { ...(result as object), optional: [] } },
    ),
  ),
  'handshake.declined': atTheDoor(coded('consent_denied')),
};

/** A statement that is another. */
const stated = (change: (statement: NonNullable<Answer['statement']>) => object): Plan =>
  planted({
    states: (answer) =>
      ({ ...answer, statement: answer.statement && change(answer.statement) }) as Answer,
  });

const statements: Plans = {
  'receipt.statement': stated((statement) => ({ ...statement, time: statement.time + 1 })),
  'receipt.members': stated((statement) => ({ ...statement, index: 7 })),
  'receipt.contract': stated(({ contract: _, ...statement }) => statement),
  'receipt.leaf': stated((statement) => ({ ...statement, leaf: 'A'.repeat(43) })),
  'receipt.time': stated((statement) => ({ ...statement, time: 1_000_000_000_000 })),
};

export const faultsSent: Plans = { ...messages, ...said, ...statements };
