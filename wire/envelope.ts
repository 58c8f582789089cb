import { equalBytes } from './bytes.ts';
import { messageKey, open, type Signer, sealedParts, sha256, verifySignature } from './crypto.ts';
import { type Parsed, refuse } from './event.ts';
import { isEventId, isIdentifier } from './identifiers.ts';
import { encapsulationBytes } from './key-encapsulation.ts';
import {
  decodeShared,
  encode,
  encodeEndingIn,
  encodeShared,
  MsgpackError,
  type MsgpackValue,
} from './msgpack.ts';
import { padBriefly, unpad } from './padding.ts';

/** Version of the envelope. */
export const envelopeVersion = 1;
/** The one suite: MLKEM768-X25519, HKDF-SHA256, XChaCha20-Poly1305, Ed25519. */
export const envelopeSuite = 1;
/** Largest envelope, in bytes. */
export const envelopeBytesMax: number = 192 * 1024;
/** Greatest epoch: one more would be another msgpack type in what is signed. */
const epochMax = 2 ** 32 - 1;

/** An envelope is a flat array with an array in it. */
const partsDepth = 2;

const openingDomain = 'cambium/opening/v1';
const eventDomain = 'cambium/event/v1';
const envelopeDomain = 'cambium/envelope/v1';

/** Which way an epoch's messages go. */
export type Direction = 'to-vault' | 'from-vault';

/** How an epoch's secret reached the other side. */
export type Opening = {
  /** 16-byte id of the key that the secret is encapsulated to. */
  readonly recipient: Uint8Array;
  /** 1,120 bytes. */
  readonly encapsulation: Uint8Array;
  /** The sender's signature over connection, direction, epoch, recipient and encapsulation. */
  readonly signature: Uint8Array;
};

/** A sealed event, as its clear part shows it. Nothing here is authentic before it is opened. */
export type Envelope = {
  readonly connection: string;
  /** Counts up from 1, for each sender on its own. */
  readonly epoch: number;
  readonly event: string;
  readonly nonce: Uint8Array;
  readonly opening?: Opening;
  readonly box: Uint8Array;
};

/** One direction's secret for a while. */
export type Epoch = {
  readonly number: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** SHA-256 of the encapsulation: signatures name the epoch by it. */
  readonly encapsulationHash: Uint8Array;
};

/** What an opened envelope holds. */
export type Opened = {
  /** The event's exact bytes: what is signed and hashed. */
  readonly event: Uint8Array;
  /** 64 bytes, where the sender signed. */
  readonly signature?: Uint8Array;
  /** Epoch of the other direction that the sender has opened: in an answer that of its event, else the greatest; 0 for none. */
  readonly seen: number;
};

/** What HPKE binds an epoch's secret to. */
export function epochInfo(connection: string, direction: Direction, epoch: number): Uint8Array {
  return encode(['cambium/epoch/v1', connection, direction, epoch]);
}

/** Signs the opening of an epoch. */
export function signOpening(
  signer: Signer,
  connection: string,
  direction: Direction,
  epoch: number,
  part: { readonly recipient: Uint8Array; readonly encapsulation: Uint8Array },
): Opening {
  const message = openingMessage(connection, direction, epoch, part);
  return { ...part, signature: signer.sign(openingDomain, message) };
}

/** Whether an opening is its sender's own, for this connection, direction and epoch. */
export function verifyOpening(
  publicKey: Uint8Array,
  direction: Direction,
  envelope: Envelope,
  opening: Opening,
): boolean {
  const message = openingMessage(envelope.connection, direction, envelope.epoch, opening);
  return verifySignature(publicKey, openingDomain, message, opening.signature);
}

/** Signs an event for one subject and epoch: evidence of what was asked. */
export function signEvent(
  signer: Signer,
  where: { readonly connection: string; readonly subject: string; readonly epoch: Epoch },
  event: Uint8Array,
): Uint8Array {
  return signer.sign(eventDomain, eventMessage(where, event));
}

/** Whether `signature` is the sender's over this event, subject and epoch. */
export function verifyEvent(
  publicKey: Uint8Array,
  where: { readonly connection: string; readonly subject: string; readonly epoch: Epoch },
  event: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifySignature(publicKey, eventDomain, eventMessage(where, event), signature);
}

/** Everything that goes into one envelope. */
export type Sealing = {
  readonly connection: string;
  readonly epoch: Epoch;
  readonly opening?: Opening;
  readonly subject: string;
  readonly eventId: string;
  /** 24 random bytes. */
  readonly nonce: Uint8Array;
  readonly contents: Opened;
};

/** The bytes of a sealed event. */
export function sealEnvelope(sealing: Sealing): Uint8Array {
  const { connection, epoch, opening, subject, eventId, nonce, contents } = sealing;
  const inner = encodeShared([contents.event, contents.signature ?? null, contents.seen]);
  const box = padBriefly(inner, (padded) => {
    const aad = additionalData(connection, epoch.number, subject, eventId);
    return sealedParts(messageKey(epoch.key, nonce), nonce, aad, padded);
  });
  const clear = [
    envelopeVersion,
    envelopeSuite,
    connection,
    epoch.number,
    eventId,
    nonce,
    opening === undefined ? null : [opening.recipient, opening.encapsulation, opening.signature],
  ];
  return encodeEndingIn(clear, box);
}

/**
 * Reads an envelope's clear part. Attacker-controlled: every length is checked. What it gives shares memory
 * with `bytes`.
 */
export function parseEnvelope(bytes: Uint8Array): Parsed<Envelope> {
  if (bytes.length > envelopeBytesMax) return refuse('too_large', `${bytes.length} bytes`);
  let value: MsgpackValue;
  try {
    value = decodeShared(bytes, partsDepth);
  } catch (error) {
    if (error instanceof MsgpackError) return refuse('malformed', error.message);
    throw error;
  }
  if (!Array.isArray(value)) return refuse('malformed', 'an envelope is an array');
  const [version, suite, connection, epoch, event, nonce, opening, box] = value as MsgpackValue[];
  if (version !== envelopeVersion) return refuse('version_unsupported', 'version of the envelope');
  if (suite !== envelopeSuite) return refuse('suite_refused', 'suite of the envelope');
  const parsedOpening = opening === null ? undefined : parseOpening(opening);
  if (
    value.length !== 8 ||
    typeof connection !== 'string' ||
    !isIdentifier(connection) ||
    !isEpoch(epoch) ||
    epoch < 1 ||
    typeof event !== 'string' ||
    !isEventId(event) ||
    !isBytes(nonce, 24) ||
    !(box instanceof Uint8Array) ||
    (opening !== null && parsedOpening === undefined)
  )
    return refuse('malformed', 'a part of the envelope is not what it must be');
  const parts = { connection, epoch, event, nonce, box };
  return { ok: true, value: parsedOpening ? { ...parts, opening: parsedOpening } : parts };
}

/** Opens an envelope that arrived on `subject`: authentic, unpadded and in form, or refused. Its parts share memory. */
export function openEnvelope(envelope: Envelope, subject: string, key: Uint8Array): Parsed<Opened> {
  const { connection, epoch, event, nonce, box } = envelope;
  const padded = open(key, nonce, additionalData(connection, epoch, subject, event), box);
  if (padded === undefined) return refuse('decrypt_failed', 'the envelope is not authentic');
  const inner = unpad(padded);
  if (inner === undefined) return refuse('malformed', 'padding');
  return parseInner(inner);
}

/** SHA-256 of an encapsulation. */
export function encapsulationHash(opening: { readonly encapsulation: Uint8Array }): Uint8Array {
  return sha256(opening.encapsulation);
}

/** Whether an epoch was opened by this very encapsulation. */
export function sameOpening(epoch: Epoch, opening: Opening): boolean {
  return equalBytes(epoch.encapsulationHash, encapsulationHash(opening));
}

function parseInner(inner: Uint8Array): Parsed<Opened> {
  let value: MsgpackValue;
  try {
    value = decodeShared(inner, partsDepth);
  } catch (error) {
    if (error instanceof MsgpackError) return refuse('malformed', error.message);
    throw error;
  }
  if (!Array.isArray(value) || value.length !== 3) return refuse('malformed', 'sealed part');
  const [event, signature, seen] = value as MsgpackValue[];
  if (!(event instanceof Uint8Array)) return refuse('malformed', 'event');
  if (!isEpoch(seen)) return refuse('malformed', 'seen epoch');
  if (signature === null) return { ok: true, value: { event, seen } };
  if (!isBytes(signature, 64)) return refuse('malformed', 'signature');
  return { ok: true, value: { event, signature, seen } };
}

function parseOpening(value: MsgpackValue | undefined): Opening | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [recipient, encapsulation, signature] = value as MsgpackValue[];
  if (!isBytes(recipient, 16) || !isBytes(encapsulation, encapsulationBytes)) return undefined;
  return isBytes(signature, 64) ? { recipient, encapsulation, signature } : undefined;
}

/** In memory of the encoder: used before it encodes anything else. */
function additionalData(
  connection: string,
  epoch: number,
  subject: string,
  event: string,
): Uint8Array {
  return encodeShared([
    envelopeDomain,
    envelopeVersion,
    envelopeSuite,
    connection,
    epoch,
    subject,
    event,
  ]);
}

function openingMessage(
  connection: string,
  direction: Direction,
  epoch: number,
  part: { readonly recipient: Uint8Array; readonly encapsulation: Uint8Array },
): Uint8Array {
  return encode([connection, direction, epoch, part.recipient, part.encapsulation]);
}

/** In memory of the encoder, as `additionalData`. */
function eventMessage(
  where: { readonly connection: string; readonly subject: string; readonly epoch: Epoch },
  event: Uint8Array,
): Uint8Array {
  const { connection, subject, epoch } = where;
  return encodeShared([connection, subject, epoch.number, epoch.encapsulationHash, event]);
}

function isEpoch(value: MsgpackValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= epochMax;
}

function isBytes(value: MsgpackValue | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
