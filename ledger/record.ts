import { concat, equalBytes, fromHex, toHex, u64, utf8 } from '../wire/bytes.ts';
import { messageKey, openWith, sealedParts, sha256 } from '../wire/crypto.ts';
import {
  binaryHeader,
  decode,
  decodeShared,
  encodeShared,
  MsgpackError,
  type MsgpackValue,
} from '../wire/msgpack.ts';
import { pad, unpad } from '../wire/padding.ts';
import type { Draft } from './bodies.ts';
import { LedgerError } from './errors.ts';
import { type Kind, kindNumbers, kindOf } from './kinds.ts';
import { storedBody } from './received-body.ts';

/** Version of the record format. */
export const recordVersion = 1;
/** Largest record, in stored bytes: one must leave room for its commit. */
export const recordBytesMax: number = 480 * 1024;

const commitmentDomain = utf8('cambium/ledger/record-key/v1\0');

/** The header that is being written: what msgpack puts before its parts stands there already. */
const written: Uint8Array = new Uint8Array(90);
written.set([0x96, recordVersion, 0, 0xd3]);
written.set(binaryHeader(16), 12);
written.set(binaryHeader(24), 30);
written.set(binaryHeader(32), 56);
/** What stands before the header in a record. */
const recordStart = Uint8Array.of(0x92, ...binaryHeader(written.length));
/** What the seal binds. A header that can be read has at most 119 bytes, whatever form its numbers have. */
const bound = new Uint8Array(16 + 8 + 119);

/** The clear part of a record: all that a reader without keys can see. */
export type Header = {
  readonly kind: Kind;
  /** Unix time in milliseconds. */
  readonly time: number;
  /** Scope id, hex. */
  readonly scope: string;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  /** SHA-256 over the record key: a body opens in one way only. */
  readonly commitment: Uint8Array;
};

/** A record as it is stored. Its parts, the header's too, share memory with the bytes that it was read from. */
export type StoredRecord = {
  readonly header: Header;
  /** The header's exact bytes: part of what the seal binds. */
  readonly headerBytes: Uint8Array;
  readonly sealed: Uint8Array;
};

/** Where a record stands. */
export type Place = {
  /** 16 bytes. */
  readonly ledgerId: Uint8Array;
  readonly index: number;
  readonly time: number;
  /** How many records of its scope stand before it, and the last one's leaf. */
  readonly scopeIndex: number;
  readonly scopePrevious: Uint8Array | null;
};

/** A record ready to be appended. */
export type SealedRecord = {
  /** What is stored. */
  readonly bytes: Uint8Array;
  /** The body as a reader of these bytes will see it: live state and replay fold the same values. */
  readonly body: MsgpackValue;
};

/** An opened body, with its place in its scope. */
export type OpenedBody = {
  readonly scopeIndex: number;
  readonly scopePrevious: Uint8Array | null;
  readonly cause?: number;
  readonly body: MsgpackValue;
};

/**
 * Seals a draft under its scope's key. What could not be read back is refused here: once stored, it
 * would keep the whole ledger from opening.
 * @param key - the scope's 32 bytes
 * @param nonce - 24 random bytes
 * @throws LedgerError TOO_LARGE, BODY_MALFORMED, RECORD_MALFORMED
 */
export function sealRecord(
  draft: Draft,
  place: Place,
  key: Uint8Array,
  nonce: Uint8Array,
): SealedRecord {
  const inner = encodeBody(draft, place);
  const padded = pad(inner);
  const { body } = parseBody(padded.subarray(0, inner.length), place.index);
  const recordKey = messageKey(key, nonce);
  const header = encodeHeader(draft, place, nonce, recordKey);
  const aad = additionalData(place.ledgerId, place.index, header);
  const sealed = sealedParts(recordKey, nonce, aad, padded);
  recordKey.fill(0);
  const bytes = encodeRecord(header, sealed);
  if (bytes.length > recordBytesMax)
    throw new LedgerError('TOO_LARGE', `a ${draft.kind} record of ${bytes.length} bytes`);
  return { bytes, body };
}

/**
 * Reads the clear part of stored bytes.
 * @throws LedgerError RECORD_MALFORMED, VERSION_UNSUPPORTED, KIND_UNKNOWN
 */
export function parseRecord(bytes: Uint8Array, index: number): StoredRecord {
  if (bytes.length > recordBytesMax) throw malformed(index, `${bytes.length} bytes`);
  const parts = arrayOf(decodeShared, bytes, index, 'RECORD_MALFORMED');
  const [headerBytes, sealed] = parts;
  if (parts.length !== 2) throw malformed(index, 'parts');
  if (!(headerBytes instanceof Uint8Array) || !(sealed instanceof Uint8Array))
    throw malformed(index, 'header or body is not binary');
  return { header: parseHeader(headerBytes, index), headerBytes, sealed };
}

/**
 * Opens a record under its scope's key.
 * @throws LedgerError KEY_COMMITMENT, SEAL_BROKEN, BODY_MALFORMED, in this order
 */
export function openRecord(
  record: StoredRecord,
  ledgerId: Uint8Array,
  index: number,
  key: Uint8Array,
): OpenedBody {
  const recordKey = recordKeyOf(record, key);
  try {
    return openDisclosed(record, ledgerId, index, recordKey);
  } finally {
    recordKey.fill(0);
  }
}

/**
 * The key of one record (32 bytes): whoever has it can read this record, and no other.
 * @param key - its scope's 32 bytes
 */
export function recordKeyOf({ header }: StoredRecord, key: Uint8Array): Uint8Array {
  return messageKey(key, header.nonce);
}

/**
 * Opens a record under its own key, which may come from anywhere.
 * @param recordKey - 32 bytes
 * @throws LedgerError KEY_COMMITMENT, SEAL_BROKEN, BODY_MALFORMED, in this order
 */
export function openDisclosed(
  record: StoredRecord,
  ledgerId: Uint8Array,
  index: number,
  recordKey: Uint8Array,
): OpenedBody {
  const { nonce, commitment } = record.header;
  if (!equalBytes(sha256(commitmentDomain, recordKey), commitment))
    throw new LedgerError('KEY_COMMITMENT', 'the key is not the one committed to', { index });
  const aad = additionalData(ledgerId, index, record.headerBytes);
  const padded = openWith(recordKey, nonce, aad, record.sealed);
  if (padded === undefined)
    throw new LedgerError('SEAL_BROKEN', 'the body is not authentic', { index });
  const inner = unpad(padded);
  if (inner === undefined) throw new LedgerError('BODY_MALFORMED', 'padding', { index });
  return parseBody(inner, index);
}

function parseBody(inner: Uint8Array, index: number): OpenedBody {
  const parts = arrayOf(decode, inner, index, 'BODY_MALFORMED');
  const [scopeIndex, scopePrevious, cause, body] = parts;
  if (parts.length !== 4 || body === undefined)
    throw new LedgerError('BODY_MALFORMED', 'parts', { index });
  if (typeof scopeIndex !== 'number' || !(isLeaf(scopePrevious) || scopePrevious === null))
    throw new LedgerError('BODY_MALFORMED', 'place in scope', { index });
  const place = { scopeIndex, scopePrevious, body };
  if (cause === null) return place;
  if (typeof cause !== 'number' || !Number.isInteger(cause) || cause < 0 || cause >= index)
    throw new LedgerError('BODY_MALFORMED', 'cause', { index });
  return { ...place, cause };
}

/** In memory that is written over by the next encoding. */
function encodeBody(draft: Draft, { scopeIndex, scopePrevious, index }: Place): Uint8Array {
  try {
    return encodeShared([scopeIndex, scopePrevious, draft.cause ?? null, storedBody(draft)]);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new LedgerError('BODY_MALFORMED', cause.message, { index, cause });
  }
}

/**
 * All headers have one form: six parts, the time in 64 bits. In memory that the next call writes over.
 */
function encodeHeader(
  draft: Draft,
  place: Place,
  nonce: Uint8Array,
  recordKey: Uint8Array,
): Uint8Array {
  const { time, index } = place;
  if (!Number.isSafeInteger(time) || time < 0) throw malformed(index, 'time');
  const number = kindNumbers[draft.kind];
  if (kindOf(number) !== draft.kind) throw malformed(index, 'kind');
  written[2] = number;
  written.set(u64(time), 4);
  written.set(scopeId(draft.scope, index), 14);
  written.set(nonce, 32);
  written.set(sha256(commitmentDomain, recordKey), 58);
  return written;
}

const scopeIds = new Map<string, Uint8Array>();
const scopeIdsMax = 1024;

/** Bytes of a scope id. The last thousand are kept: a ledger comes back to the same few. */
function scopeId(hex: string, index: number): Uint8Array {
  const known = scopeIds.get(hex);
  if (known !== undefined) return known;
  const id = fromHex(hex);
  if (id.length !== 16) throw malformed(index, 'scope');
  if (toHex(id) !== hex) throw malformed(index, 'scope is not lower-case hex');
  if (scopeIds.size >= scopeIdsMax) scopeIds.clear();
  scopeIds.set(hex, id);
  return id;
}

/** `[header, body]` of two binaries. */
function encodeRecord(
  header: Uint8Array,
  [ciphertext, tag]: readonly [Uint8Array, Uint8Array],
): Uint8Array {
  const sealedHeader = binaryHeader(ciphertext.length + tag.length);
  return concat(recordStart, header, sealedHeader, ciphertext, tag);
}

function parseHeader(bytes: Uint8Array, index: number): Header {
  const parts = arrayOf(decodeShared, bytes, index, 'RECORD_MALFORMED');
  const [version, number, time, scope, nonce, commitment] = parts;
  // The version stands first: a later one may have other parts.
  if (typeof version !== 'number') throw malformed(index, 'version');
  if (version !== recordVersion)
    throw new LedgerError('VERSION_UNSUPPORTED', `record version ${version}`, { index });
  if (parts.length !== 6 || typeof number !== 'number') throw malformed(index, 'header');
  const kind = kindOf(number);
  if (kind === undefined) throw new LedgerError('KIND_UNKNOWN', `record kind ${number}`, { index });
  if (typeof time !== 'number' || !Number.isSafeInteger(time) || time < 0)
    throw malformed(index, 'time');
  if (!(scope instanceof Uint8Array) || scope.length !== 16) throw malformed(index, 'scope');
  if (!(nonce instanceof Uint8Array) || nonce.length !== 24) throw malformed(index, 'nonce');
  if (!isLeaf(commitment)) throw malformed(index, 'key commitment');
  return { kind, time, scope: toHex(scope), nonce, commitment };
}

function arrayOf(
  read: (bytes: Uint8Array) => MsgpackValue,
  bytes: Uint8Array,
  index: number,
  code: 'RECORD_MALFORMED' | 'BODY_MALFORMED',
): readonly MsgpackValue[] {
  try {
    const value = read(bytes);
    if (Array.isArray(value)) return value as readonly MsgpackValue[];
  } catch (error) {
    if (!(error instanceof MsgpackError)) throw error;
    throw new LedgerError(code, error.message, { index });
  }
  throw new LedgerError(code, 'not an array', { index });
}

function malformed(index: number, what: string): LedgerError {
  return new LedgerError('RECORD_MALFORMED', `not a record: ${what}`, { index });
}

function isLeaf(value: MsgpackValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

/** In memory that the next call writes over. */
function additionalData(ledgerId: Uint8Array, index: number, header: Uint8Array): Uint8Array {
  bound.set(ledgerId);
  bound.set(u64(index), 16);
  bound.set(header, 24);
  return bound.subarray(0, 24 + header.length);
}
