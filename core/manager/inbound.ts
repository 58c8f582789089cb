import type { Draft, PeerKeys, ReceivedEvent } from '../../ledger/bodies.ts';
import { seenBefore } from '../../projections/seen-event.ts';
import type { Connection, VaultState } from '../../projections/vault-state.ts';
import { eventKey, ownerDevices } from '../../projections/vault-state.ts';
import { fromBase64url, toHex } from '../../wire/bytes.ts';
import { sha256 } from '../../wire/crypto.ts';
import {
  type Envelope,
  type Epoch,
  encapsulationHash,
  epochInfo,
  openEnvelope,
  parseEnvelope,
  sameOpening,
  verifyEvent,
  verifyOpening,
} from '../../wire/envelope.ts';
import { decodeEvent, type Event, isMap, type Parsed, refuse } from '../../wire/event.ts';
import { decapsulate, isEncapsulationKey } from '../../wire/key-encapsulation.ts';
import type { Reason } from '../../wire/reasons.ts';
import { parseSubject, type Subject } from '../../wire/subjects.ts';
import type { VaultSecrets } from '../keys/vault-secrets.ts';
import type { InboundMessage } from './ports.ts';
import { withoutValue } from './without-value.ts';

/** A message of a known party, ready to be decided about. */
export type Arrival = {
  readonly kind: 'known';
  readonly received: ReceivedEvent;
  readonly connection: Connection;
  /** The sender's new epoch, where this event opened one and is its sender's own. */
  readonly epoch?: Draft;
  /** A field's value that was taken out of the event. */
  readonly value?: string;
};

/** A message that no connection of this vault stands behind: counted, never answered. */
export type Stranger = {
  readonly kind: 'stranger';
  readonly type: string;
  readonly reason: Reason;
  readonly digest: Uint8Array;
};

type EpochKey = { readonly epoch: Epoch; readonly fresh: boolean };

/** Opens what arrived. Never throws on bad input: what is wrong with it is part of the result. */
export async function readInbound(
  state: VaultState,
  secrets: VaultSecrets,
  message: InboundMessage,
): Promise<Arrival | Stranger> {
  const subject = parseSubject(message.subject);
  const envelope = parseEnvelope(message.data);
  const named = envelope.ok ? envelope.value.connection : undefined;
  const connection = subject && connectionOf(state, subject, named);
  const digest = sha256(message.data);
  if (subject === undefined || connection === undefined)
    return { kind: 'stranger', type: subject?.type ?? '', reason: 'connection_unknown', digest };
  if (!envelope.ok) return failed(connection, message, digest, envelope);
  if (envelope.value.connection !== connection.id)
    return failed(
      connection,
      message,
      digest,
      refuse('sender_subject_mismatch', 'an envelope of another connection'),
      envelope.value,
    );
  const key = await epochKey(connection, secrets, envelope.value);
  if (!key.ok) return failed(connection, message, digest, key, envelope.value);
  return openWithKey(state, connection, message, digest, envelope.value, key.value);
}

/** A message to set aside; nothing where it is nobody's, or where the vault stopped after it had decided: that stands. */
export function asideOf(state: VaultState, message: InboundMessage): Arrival | undefined {
  const arrival = unreadable(state, message);
  if (arrival === undefined || message.suspect !== true) return arrival;
  const { connection, received } = arrival;
  return seenBefore(state, connection, received.id) === undefined ? arrival : undefined;
}

/** A message of a known party that we ourselves failed on. */
function unreadable(state: VaultState, message: InboundMessage): Arrival | undefined {
  const subject = parseSubject(message.subject);
  const connection = subject && connectionOf(state, subject);
  if (connection === undefined) return undefined;
  const failure = refuse('internal', 'the vault failed on this message');
  return failed(connection, message, sha256(message.data), failure, envelopeOf(message));
}

/** Its envelope, which says whom to answer, if that is not what we failed on. */
function envelopeOf({ data }: InboundMessage): Envelope | undefined {
  try {
    const envelope = parseEnvelope(data);
    return envelope.ok ? envelope.value : undefined;
  } catch {
    return undefined;
  }
}

function openWithKey(
  state: VaultState,
  connection: Connection,
  message: InboundMessage,
  digest: Uint8Array,
  envelope: Envelope,
  { epoch, fresh }: EpochKey,
): Arrival {
  const opened = openEnvelope(envelope, message.subject, epoch.key);
  if (!opened.ok) return failed(connection, message, digest, opened, envelope);
  const { event: bytes, signature, seen } = opened.value;
  const event = decodeEvent(bytes);
  if (!event.ok) return failed(connection, message, digest, event, envelope);
  const signer = signingKey(connection, event.value);
  const where = { connection: connection.id, subject: message.subject, epoch };
  const valid =
    signer !== undefined &&
    signature !== undefined &&
    openingIsTheirs(envelope, signer, fresh) &&
    (verifyEvent(signer, where, bytes, signature) ||
      (isSeen(state, where.connection, envelope.event, bytes) &&
        connection.former !== undefined &&
        verifyEvent(connection.former, where, bytes, signature)));
  const { kept, value, valueBytes, whole } = withoutValue(event.value, state.handlers);
  const received: ReceivedEvent = {
    subject: message.subject,
    connection: connection.id,
    id: envelope.event,
    digest: sha256(bytes),
    bytes: message.data.length,
    event: kept,
    ...(valueBytes === undefined ? {} : { valueBytes }),
    ...(whole ? { signed: bytes } : {}),
    ...(signature === undefined ? {} : { signature: { bytes: signature, valid } }),
    epoch: envelope.epoch,
    seen,
  };
  const party = event.value.party === connection.party;
  return {
    kind: 'known',
    received,
    connection,
    ...(fresh && valid && party ? { epoch: epochDraft(connection, epoch) } : {}),
    ...(value === undefined ? {} : { value }),
  };
}

/** In the owner's space the envelope says which device it is; what names none is counted to the oldest. */
function connectionOf(state: VaultState, subject: Subject, named?: string): Connection | undefined {
  if (!subject.toVault || subject.vault !== state.vault) return undefined;
  if (subject.space === 'owner') {
    const device = named === undefined ? undefined : state.connections.get(named);
    return device?.kind === 'owner' ? device : ownerDevices(state)[0];
  }
  const id = state.parties.get(subject.party);
  return id === undefined ? undefined : state.connections.get(id);
}

/** The key of the envelope's epoch: one that is known, or the one that its opening brings. */
async function epochKey(
  connection: Connection,
  secrets: VaultSecrets,
  envelope: Envelope,
): Promise<Parsed<EpochKey>> {
  const { opening, epoch: number } = envelope;
  const known = connection.receiving.get(number);
  if (known !== undefined)
    return opening === undefined || sameOpening(known, opening)
      ? { ok: true, value: { epoch: known, fresh: false } }
      : refuse('key_unknown', 'another opening of a known epoch');
  if (opening === undefined) return refuse('key_unknown', `epoch ${number} was never opened`);
  const own = secrets.encapsulation.keyOf(opening.recipient);
  if (own === undefined)
    return refuse('key_unknown', 'sealed to a key that this vault does not have');
  const signer = connection.keys?.signing;
  if (signer !== undefined && !verifyOpening(signer, 'to-vault', envelope, opening))
    return refuse('signature_invalid', 'the opening is not signed by the connection');
  const info = epochInfo(connection.id, 'to-vault', number);
  const key = await decapsulate(own, info, opening.encapsulation);
  if (key === undefined) return refuse('decrypt_failed', 'encapsulation');
  const epoch = { number, key, encapsulationHash: encapsulationHash(opening) };
  return { ok: true, value: { epoch, fresh: true } };
}

/** Whose signature an event must bear. A party that asks to connect brings its key. */
function signingKey(connection: Connection, event: Event): Uint8Array | undefined {
  if (connection.keys !== undefined) return connection.keys.signing;
  if (event.type !== 'connection.request' || !isMap(event.payload)) return undefined;
  return keyFrom(event.payload['signing']);
}

/** Whether this very event came before: a redelivery is recognised although its sender has another key by now. */
function isSeen({ seen }: VaultState, connection: string, id: string, bytes: Uint8Array): boolean {
  return seen.get(eventKey(connection, id))?.digest === toHex(sha256(bytes));
}

function openingIsTheirs(envelope: Envelope, signer: Uint8Array, fresh: boolean): boolean {
  if (!fresh || envelope.opening === undefined) return true;
  return verifyOpening(signer, 'to-vault', envelope, envelope.opening);
}

/** Keys that a request to connect brings; `undefined` when they are malformed. */
export function keysOf(payload: { readonly [name: string]: unknown }): PeerKeys | undefined {
  const signing = keyFrom(payload['signing']);
  const encapsulation = keyFrom(payload['encapsulation']);
  return signing && encapsulation && { signing, encapsulation };
}

/**
 * Keys that a signed request to connect brings: where its refusal can be sealed to, although nothing of
 * it is recorded. Requires an event whose own signature, under the key that it brings, was checked.
 */
export function askerKeys({ event, signature }: ReceivedEvent): PeerKeys | undefined {
  if (signature?.valid !== true || event?.type !== 'connection.request') return undefined;
  const keys = isMap(event.payload) ? keysOf(event.payload) : undefined;
  return keys !== undefined && isEncapsulationKey(keys.encapsulation) ? keys : undefined;
}

function keyFrom(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return fromBase64url(text);
  } catch {
    return undefined;
  }
}

function epochDraft(connection: Connection, epoch: Epoch): Draft {
  const { number, key, encapsulationHash: hash } = epoch;
  return {
    kind: 'epoch_opened',
    scope: connection.scope,
    body: {
      connection: connection.id,
      direction: 'to-vault',
      number,
      key,
      encapsulationHash: hash,
    },
  };
}

function failed(
  connection: Connection,
  message: InboundMessage,
  digest: Uint8Array,
  failure: { readonly reason: Reason; readonly detail: string },
  envelope?: Envelope,
): Arrival {
  const { reason, detail } = failure;
  const received: ReceivedEvent = {
    subject: message.subject,
    connection: connection.id,
    id: envelope?.event ?? '',
    digest,
    bytes: message.data.length,
    failure: { reason, detail },
    epoch: envelope?.epoch ?? 0,
    seen: 0,
  };
  return { kind: 'known', received, connection };
}
