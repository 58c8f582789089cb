/* Ways in which a vault can read what it should not. */
import type { Arrival } from '../../core/manager/inbound.ts';
import type { InboundMessage } from '../../core/manager/ports.ts';
import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Connection, VaultState } from '../../projections/vault-state.ts';
import type { Aad } from '../../service/conformance/forgery.ts';
import { fields } from '../../service/conformance/terms.ts';
import { contractHash } from '../../wire/contract.ts';
import { open, sha256 } from '../../wire/crypto.ts';
import { parseEnvelope } from '../../wire/envelope.ts';
import { type Event, encodeEvent } from '../../wire/event.ts';
import { isEventId } from '../../wire/identifiers.ts';
import { decode, encode, type MsgpackValue } from '../../wire/msgpack.ts';
import type { Reason } from '../../wire/reasons.ts';
import type { Wrong } from './wrong-vault.ts';

type Reads = NonNullable<Wrong['reads']>;

/** Takes a message for an honest request where it fails for this reason and its detail is so. */
export function forgives(reason: Reason, detail: RegExp = /./): Wrong {
  return {
    reads: (arrival, message) => {
      const { failure } = arrival.received;
      const forgiven = failure?.reason === reason && detail.test(failure.detail);
      return forgiven ? asIfGood(arrival, message) : arrival;
    },
  };
}

/** Gives a failure another reason. */
export function recasts(detail: RegExp, reason: Reason): Wrong {
  return {
    reads: (arrival) => {
      const { failure } = arrival.received;
      return failure !== undefined && detail.test(failure.detail)
        ? failing(arrival, reason)
        : arrival;
    },
  };
}

/** Refuses what it should take, where something is so. */
export function refusesWhere(
  reason: Reason,
  isSo: (arrival: Arrival, state: VaultState, message: InboundMessage) => boolean,
): Wrong {
  return {
    reads: (arrival, message, state) =>
      arrival.connection.kind === 'service' && isSo(arrival, state, message)
        ? failing(arrival, reason)
        : arrival,
  };
}

/** Believes every signature, and needs none. */
export const believes: Wrong = {
  reads: (arrival) => {
    const { received } = arrival;
    if (received.event === undefined) return arrival;
    const bytes = received.signature?.bytes ?? new Uint8Array(64);
    return { ...arrival, received: { ...received, signature: { bytes, valid: true } } };
  },
};

/** Opens an envelope although it is bound to something else. */
export function opensBoundTo(
  other: (connection: Connection, epoch: number) => Partial<Aad>,
): Wrong {
  return {
    reads: (arrival, message) =>
      opensUnder(arrival.connection, message, other) ? asIfGood(arrival, message) : arrival,
  };
}

/** Looks at an envelope's parts otherwise before it reads it. */
export function mends(change: (parts: readonly MsgpackValue[]) => readonly MsgpackValue[]): Wrong {
  return {
    opens: (message) => {
      const parts = partsOf(message.data);
      return parts === undefined ? message : { ...message, data: encode(change(parts)) };
    },
  };
}

/** Takes what it remembers of an event for something else. */
export function digests(
  of: (received: ReceivedEvent, message: InboundMessage) => Uint8Array,
): Wrong {
  return {
    reads: (arrival, message) => ({
      ...arrival,
      received: { ...arrival.received, digest: of(arrival.received, message) },
    }),
  };
}

/** Keeps an epoch as soon as its opening was seen, whatever came with it. */
export function remembersOpenings(): Wrong {
  const seen = new Set<number>();
  const reads: Reads = (arrival, message) => {
    const envelope = parseEnvelope(message.data);
    if (envelope.ok && envelope.value.opening !== undefined) seen.add(envelope.value.epoch);
    const { failure, epoch } = arrival.received;
    const unknown = failure?.reason === 'key_unknown' && seen.has(epoch);
    return unknown && envelope.ok && envelope.value.opening === undefined
      ? asIfGood(arrival, message)
      : arrival;
  };
  return { reads };
}

/** The arrival, refused. */
function failing(arrival: Arrival, reason: Reason): Arrival {
  const { event: _, signed: __, ...received } = arrival.received;
  const { epoch: ___, ...others } = arrival;
  return { ...others, received: { ...received, failure: { reason, detail: 'planted' } } };
}

/** The arrival, as if its message had held an honest request of its connection. */
export function asIfGood(arrival: Arrival, message: InboundMessage): Arrival {
  const { received, connection } = arrival;
  const { failure: _, ...others } = received;
  const id = received.id === '' ? idIn(message.data) : received.id;
  const contract = connection.contract?.contract;
  const event: Event = {
    id,
    type: 'data.request',
    time: Date.now(),
    party: connection.party,
    ...(contract === undefined
      ? {}
      : { contract: { id: contract.id, version: contract.version, hash: contractHash(contract) } }),
    payload: { fields: [fields.given] },
  };
  const signed = encodeEvent(event);
  const signature = { bytes: new Uint8Array(64), valid: true };
  return {
    ...arrival,
    received: { ...others, id, digest: sha256(signed), event, signed, signature },
  };
}

function opensUnder(
  connection: Connection,
  { subject, data }: InboundMessage,
  other: (connection: Connection, epoch: number) => Partial<Aad>,
): boolean {
  const envelope = parseEnvelope(data);
  if (!envelope.ok) return false;
  const { epoch, event, nonce, box } = envelope.value;
  const known = connection.receiving.get(epoch);
  if (known === undefined) return false;
  const honest = {
    ...{ domain: 'cambium/envelope/v1', version: 1, suite: 1 },
    ...{ connection: connection.id, epoch, subject, event },
  };
  const aad = { ...honest, ...other(connection, epoch) };
  const { domain, version, suite, connection: of, epoch: number, subject: on, event: id } = aad;
  return (
    open(known.key, nonce, encode([domain, version, suite, of, number, on, id]), box) !== undefined
  );
}

/** The event id that a message of any form names. */
function idIn(data: Uint8Array): string {
  const id = partsOf(data)?.[4];
  return typeof id === 'string' && isEventId(id) ? id : '';
}

function partsOf(data: Uint8Array): readonly MsgpackValue[] | undefined {
  try {
    const value = decode(data);
    return Array.isArray(value) ? (value as MsgpackValue[]) : undefined;
  } catch {
    return undefined;
  }
}
