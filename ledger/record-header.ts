import { fromHex, toHex, u64, utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { binaryHeader, decodeShared, MsgpackError, type MsgpackValue } from '../wire/msgpack.ts';
import type { Draft } from './bodies.ts';
import { LedgerError } from './errors.ts';
import { type Kind, kindNumbers, kindOf } from './kinds.ts';

/** Version of the record format. */
const recordVersion = 1;
const commitmentDomain = utf8('cambium/ledger/record-key/v1\0');

/** The header that is being written: what msgpack puts before its parts stands there already. */
const written: Uint8Array = new Uint8Array(90);
written.set([0x96, recordVersion, 0, 0xd3]);
written.set(binaryHeader(16), 12);
written.set(binaryHeader(24), 30);
written.set(binaryHeader(32), 56);
/** Length of a header as it is written. */
export const headerBytesWritten: number = written.length;

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

/**
 * Bytes of a header. All that are written have one form: six parts, the time in 64 bits. In memory that the
 * next call writes over.
 * @param nonce - 24 bytes
 * @param recordKey - 32 bytes
 * @throws LedgerError RECORD_MALFORMED
 */
export function encodeHeader(
  draft: Pick<Draft, 'kind' | 'scope'>,
  place: { readonly time: number; readonly index: number },
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
  written.set(commitmentTo(recordKey), 58);
  return written;
}

/** What a header says of the key: SHA-256(domain ‖ record key), so that a body opens in one way only. */
export function commitmentTo(recordKey: Uint8Array): Uint8Array {
  return sha256(commitmentDomain, recordKey);
}

/**
 * Reads a header. Its parts share memory with `bytes`, which are attacker-controlled.
 * @throws LedgerError RECORD_MALFORMED, VERSION_UNSUPPORTED, KIND_UNKNOWN
 */
export function parseHeader(bytes: Uint8Array, index: number): Header {
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

/**
 * The msgpack array that `bytes` are.
 * @param read - the decoder: with or without copies
 * @throws LedgerError with this code
 */
export function arrayOf(
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

/** RECORD_MALFORMED, with what is wrong. */
export function malformed(index: number, what: string): LedgerError {
  return new LedgerError('RECORD_MALFORMED', `not a record: ${what}`, { index });
}

/** Whether it is a hash: 32 bytes. */
export function isLeaf(value: MsgpackValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
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
