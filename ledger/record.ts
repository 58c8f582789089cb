import { Buffer } from 'node:buffer';
import { equalBytes, u64 } from '../wire/bytes.ts';
import { messageKey, openWith, sealedParts } from '../wire/crypto.ts';
import {
  binaryHeader,
  decode,
  decodeShared,
  encodeShared,
  type MsgpackValue,
} from '../wire/msgpack.ts';
import { pad, paddedBytes, unpad } from '../wire/padding.ts';
import type { Draft } from './bodies.ts';
import { LedgerError } from './errors.ts';
import { storedBody } from './received-body.ts';
import {
  arrayOf,
  commitmentTo,
  encodeHeader,
  type Header,
  headerBytesWritten,
  isLeaf,
  malformed,
  parseHeader,
} from './record-header.ts';

/** Largest record, in stored bytes: one must leave room for its commit. */
export const recordBytesMax: number = 480 * 1024;

/** What stands before the header in a record. */
const recordStart = Uint8Array.of(0x92, ...binaryHeader(headerBytesWritten));
/** Where bodies are padded, if they fit. All zeros while none is being sealed. */
const room = new Uint8Array(8192);
/** What the seal binds. A header that can be read has at most 119 bytes, whatever form its numbers have. */
const bound = new Uint8Array(16 + 8 + 119);

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
  const padded = pad(inner, zeros(paddedBytes(inner.length)));
  try {
    const { body } = parseBody(padded.subarray(0, inner.length), place.index);
    const bytes = sealPadded(padded, draft, place, messageKey(key, nonce), nonce);
    if (bytes.length > recordBytesMax)
      throw new LedgerError('TOO_LARGE', `a ${draft.kind} record of ${bytes.length} bytes`);
    return { bytes, body };
  } finally {
    padded.fill(0);
  }
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
  if (!equalBytes(commitmentTo(recordKey), commitment))
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

function sealPadded(
  padded: Uint8Array,
  draft: Draft,
  place: Place,
  recordKey: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const header = encodeHeader(draft, place, nonce, recordKey);
  const aad = additionalData(place.ledgerId, place.index, header);
  const sealed = sealedParts(recordKey, nonce, aad, padded);
  recordKey.fill(0);
  return encodeRecord(header, sealed);
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

/** `[header, body]` of two binaries; in memory from Node's pool, which is not zeroed first. */
function encodeRecord(header: Uint8Array, sealed: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const [ciphertext, tag] = sealed;
  const sealedBytes = ciphertext.length + tag.length;
  const parts = [recordStart, header, binaryHeader(sealedBytes), ciphertext, tag];
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const { buffer, byteOffset } = Buffer.allocUnsafe(size);
  const out = new Uint8Array(buffer, byteOffset, size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** As many zeros. Whoever fills them wipes them: the next call gives the same memory. */
function zeros(length: number): Uint8Array {
  return length <= room.length ? room.subarray(0, length) : new Uint8Array(length);
}

/** In memory that the next call writes over. */
function additionalData(ledgerId: Uint8Array, index: number, header: Uint8Array): Uint8Array {
  bound.set(ledgerId);
  bound.set(u64(index), 16);
  bound.set(header, 24);
  return bound.subarray(0, 24 + header.length);
}
