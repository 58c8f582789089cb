import { concat } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import { decodeShared, encode, integer, MsgpackError, type MsgpackValue } from '../wire/msgpack.ts';
import { commitMessage } from './chain.ts';
import type { ChainEnd } from './chain-end.ts';
import { LedgerError } from './errors.ts';
import type { Rotation } from './rotation.ts';

/** Version of the commit format. */
export const commitVersion = 1;
/** Version of a commit that begins with a new signing key. */
export const rotationVersion = 2;
/** Most bytes of one commit. */
export const commitBytesMax: number = 512 * 1024;
/** Most records of one commit. */
export const commitRecordsMax = 1000;
/** What a commit needs besides its records, at most. */
export const commitOverheadBytes = 512;
/** Domain of the signature over a commit. */
export const commitDomain = 'cambium/ledger/commit/v1';

/** A commit about to be written. */
export type NewCommit = {
  /** Signs it; the new key, where there is a rotation. */
  readonly signer: Signer;
  /** 16 bytes. */
  readonly ledgerId: Uint8Array;
  readonly before: Pick<ChainEnd, 'size' | 'head'>;
  /** Stored bytes, 1 to `commitRecordsMax`. */
  readonly records: readonly Uint8Array[];
  /** Head after them. */
  readonly head: Uint8Array;
  readonly rotation?: Rotation;
};

/**
 * Bytes of one commit: `[v, ledger id, first index, previous head, records, signature]`, and in
 * version 2 `[new key, signature by the old, signature by the new]`.
 * @throws LedgerError TOO_LARGE when no reader would take it
 */
export function encodeCommit(commit: NewCommit): Uint8Array {
  const { signer, ledgerId, before, records, head, rotation } = commit;
  if (records.length < 1 || records.length > commitRecordsMax)
    throw new LedgerError('TOO_LARGE', `a commit of ${records.length} records`);
  const message = commitMessage(ledgerId, before.size, records.length, before.head, head);
  const signature = signer.sign(commitDomain, concat(...message));
  const parts = [ledgerId, integer(before.size), before.head, records, signature];
  const bytes = encode(
    rotation === undefined
      ? [commitVersion, ...parts]
      : [rotationVersion, ...parts, [rotation.publicKey, rotation.byOld, rotation.byNew]],
  );
  if (bytes.length > commitBytesMax)
    throw new LedgerError('TOO_LARGE', `a commit of ${bytes.length} bytes`);
  return bytes;
}

/**
 * The parts of a commit, of the right form. Nothing of them is proved. They share memory with its bytes,
 * except in a rotation, whose parts are kept for as long as the ledger is open.
 */
export type ParsedCommit = {
  readonly ledgerId: Uint8Array;
  readonly firstIndex: number;
  readonly previousHead: Uint8Array;
  readonly records: readonly Uint8Array[];
  readonly signature: Uint8Array;
  readonly rotation?: Rotation;
};

/**
 * Reads attacker-controlled bytes.
 * @param index - where the commit stands, for the error
 * @throws LedgerError COMMIT_MALFORMED, VERSION_UNSUPPORTED
 */
export function parseCommit(bytes: Uint8Array, index: number): ParsedCommit {
  const values = arrayOf(bytes, index);
  const [version, ledgerId, firstIndex, previousHead, records, signature, rotation] = values;
  // The version stands first: a later one may have other parts.
  if (typeof version !== 'number') throw malformed(index, 'version');
  if (version !== commitVersion && version !== rotationVersion)
    throw new LedgerError('VERSION_UNSUPPORTED', `commit version ${version}`, { index });
  if (values.length !== (version === rotationVersion ? 7 : 6)) throw malformed(index, 'parts');
  if (!(ledgerId instanceof Uint8Array) || !(previousHead instanceof Uint8Array))
    throw malformed(index, 'ledger id or previous head');
  if (typeof firstIndex !== 'number' || !Number.isSafeInteger(firstIndex) || firstIndex < 0)
    throw malformed(index, 'first index');
  if (!(signature instanceof Uint8Array)) throw malformed(index, 'signature');
  if (!Array.isArray(records) || records.length < 1 || records.length > commitRecordsMax)
    throw malformed(index, 'count of records');
  if (!records.every((record) => record instanceof Uint8Array))
    throw malformed(index, 'a record is not binary');
  const commit = { ledgerId, firstIndex, previousHead, records, signature };
  if (version === commitVersion) return commit;
  return {
    ...commit,
    previousHead: new Uint8Array(previousHead),
    rotation: parseRotation(rotation, index),
  };
}

/** Where a commit says that it stands. */
export type ClaimedPlace = {
  readonly size: number;
  readonly head: Uint8Array;
  readonly count: number;
};

/**
 * Where a commit says that it stands. Nothing of it is proved before `verifyCommit`.
 * @throws LedgerError COMMIT_MALFORMED, VERSION_UNSUPPORTED
 */
export function claimedPlace(bytes: Uint8Array): ClaimedPlace {
  const { firstIndex, previousHead, records } = parseCommit(bytes, 0);
  return { size: firstIndex, head: previousHead, count: records.length };
}

function parseRotation(value: MsgpackValue | undefined, index: number): Rotation {
  if (!Array.isArray(value) || value.length !== 3) throw malformed(index, 'rotation');
  const [publicKey, byOld, byNew] = value as readonly MsgpackValue[];
  if (!isBinary(publicKey, 32) || !isBinary(byOld, 64) || !isBinary(byNew, 64))
    throw malformed(index, 'rotation');
  return {
    publicKey: new Uint8Array(publicKey),
    byOld: new Uint8Array(byOld),
    byNew: new Uint8Array(byNew),
  };
}

function isBinary(value: MsgpackValue | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

function arrayOf(bytes: Uint8Array, index: number): readonly MsgpackValue[] {
  if (bytes.length > commitBytesMax) throw malformed(index, `${bytes.length} bytes`);
  let value: MsgpackValue;
  try {
    value = decodeShared(bytes);
  } catch (error) {
    if (error instanceof MsgpackError) throw malformed(index, error.message);
    throw error;
  }
  if (!Array.isArray(value)) throw malformed(index, 'not an array');
  return value as readonly MsgpackValue[];
}

function malformed(index: number, what: string): LedgerError {
  return new LedgerError('COMMIT_MALFORMED', `not a commit: ${what}`, { index });
}
