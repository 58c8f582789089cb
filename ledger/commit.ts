import { concat, equalBytes } from '../wire/bytes.ts';
import { type Signer, verifySignature } from '../wire/crypto.ts';
import { decodeShared, encode, integer, MsgpackError, type MsgpackValue } from '../wire/msgpack.ts';
import { commitMessage, firstHead, leafOf, nextHead } from './chain.ts';
import { LedgerError } from './errors.ts';
import { parseRecord, type StoredRecord } from './record.ts';

/** Version of the commit format. */
export const commitVersion = 1;
/** Most bytes of one commit. */
export const commitBytesMax: number = 512 * 1024;
/** Most records of one commit. */
export const commitRecordsMax = 1000;
/** What a commit needs besides its records, at most. */
export const commitOverheadBytes = 256;

const signatureDomain = 'cambium/ledger/commit/v1';

/** Where a chain stands after its last record. */
export type ChainEnd = {
  /** Count of records; the index of the next one. */
  readonly size: number;
  /** 32 bytes. */
  readonly head: Uint8Array;
  /** Time of the last record. */
  readonly time: number;
};

/** A record that a verified commit holds. */
export type VerifiedRecord = StoredRecord & { readonly index: number; readonly leaf: Uint8Array };

/** End of a chain without records. */
export function emptyChain(ledgerId: Uint8Array): ChainEnd {
  return { size: 0, head: firstHead(ledgerId), time: 0 };
}

/**
 * Bytes of one commit: `[v, ledger id, first index, previous head, records, signature]`.
 * @param records - stored bytes, 1 to `commitRecordsMax`
 * @param head - head after them
 * @throws LedgerError TOO_LARGE when no reader would take it
 */
export function encodeCommit(
  signer: Signer,
  ledgerId: Uint8Array,
  before: { readonly size: number; readonly head: Uint8Array },
  records: readonly Uint8Array[],
  head: Uint8Array,
): Uint8Array {
  if (records.length < 1 || records.length > commitRecordsMax)
    throw new LedgerError('TOO_LARGE', `a commit of ${records.length} records`);
  const message = commitMessage(ledgerId, before.size, records.length, before.head, head);
  const signature = signer.sign(signatureDomain, concat(...message));
  const bytes = encode([
    commitVersion,
    ledgerId,
    integer(before.size),
    before.head,
    records,
    signature,
  ]);
  if (bytes.length > commitBytesMax)
    throw new LedgerError('TOO_LARGE', `a commit of ${bytes.length} bytes`);
  return bytes;
}

/**
 * Checks one stored commit against the chain so far: form, ledger, place, chain, times, signature.
 * Needs no key but the ledger's public one. The bytes are attacker-controlled.
 * @returns its records, and the end of the chain with them
 * @throws LedgerError that names the first bad record
 */
export function verifyCommit(
  bytes: Uint8Array,
  ledger: { readonly id: Uint8Array; readonly publicKey: Uint8Array },
  before: ChainEnd,
): { readonly records: readonly VerifiedRecord[]; readonly end: ChainEnd } {
  const index = before.size;
  const commit = parseCommit(bytes, index);
  if (!equalBytes(commit.ledgerId, ledger.id))
    throw new LedgerError('FOREIGN', 'a commit of another ledger', { index });
  if (commit.firstIndex !== index)
    throw new LedgerError('INDEX_GAP', `record ${commit.firstIndex} stands where ${index} must`, {
      index,
    });
  if (!equalBytes(commit.previousHead, before.head))
    throw new LedgerError('HEAD_MISMATCH', 'the commit continues another chain', { index });
  const records = readRecords(commit.records, before);
  const head = records.reduce((sofar, record) => nextHead(sofar, record.leaf), before.head);
  const message = commitMessage(ledger.id, index, records.length, before.head, head);
  if (!verifySignature(ledger.publicKey, signatureDomain, concat(...message), commit.signature))
    throw new LedgerError(
      'SIGNATURE_INVALID',
      `records ${index} to ${index + records.length - 1}: not what was signed`,
      {
        index,
      },
    );
  const time = records.at(-1)?.header.time ?? before.time;
  return { records, end: { size: index + records.length, head, time } };
}

/**
 * Where a commit says that it stands. Nothing of it is proved before `verifyCommit`.
 * @throws LedgerError COMMIT_MALFORMED, VERSION_UNSUPPORTED
 */
export function claimedPlace(bytes: Uint8Array): ChainEnd & { readonly count: number } {
  const { firstIndex, previousHead, records } = parseCommit(bytes, 0);
  return { size: firstIndex, head: previousHead, time: 0, count: records.length };
}

type ParsedCommit = {
  readonly ledgerId: Uint8Array;
  readonly firstIndex: number;
  readonly previousHead: Uint8Array;
  readonly records: readonly Uint8Array[];
  readonly signature: Uint8Array;
};

function parseCommit(bytes: Uint8Array, index: number): ParsedCommit {
  const values = parts(bytes, index);
  const [version, ledgerId, firstIndex, previousHead, records, signature] = values;
  // The version stands first: a later one may have other parts.
  if (typeof version !== 'number') throw malformed(index, 'version');
  if (version !== commitVersion)
    throw new LedgerError('VERSION_UNSUPPORTED', `commit version ${version}`, { index });
  if (values.length !== 6) throw malformed(index, 'parts');
  if (!(ledgerId instanceof Uint8Array) || !(previousHead instanceof Uint8Array))
    throw malformed(index, 'ledger id or previous head');
  if (typeof firstIndex !== 'number' || !Number.isSafeInteger(firstIndex))
    throw malformed(index, 'first index');
  if (!(signature instanceof Uint8Array)) throw malformed(index, 'signature');
  if (!Array.isArray(records) || records.length < 1 || records.length > commitRecordsMax)
    throw malformed(index, 'count of records');
  if (!records.every((record) => record instanceof Uint8Array))
    throw malformed(index, 'a record is not binary');
  return { ledgerId, firstIndex, previousHead, records, signature };
}

function parts(bytes: Uint8Array, index: number): readonly MsgpackValue[] {
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

function readRecords(stored: readonly Uint8Array[], before: ChainEnd): VerifiedRecord[] {
  let time = before.time;
  return stored.map((bytes, offset) => {
    const index = before.size + offset;
    const record = parseRecord(bytes, index);
    if ((record.header.kind === 'genesis') !== (index === 0))
      throw new LedgerError('GENESIS_INVALID', 'a ledger begins with its one genesis', { index });
    if (record.header.time < time)
      throw new LedgerError('TIME_REVERSED', 'the record is older than the one before', { index });
    time = record.header.time;
    const { header, headerBytes, sealed } = record;
    return { header, headerBytes, sealed, index, leaf: leafOf(bytes) };
  });
}

function malformed(index: number, what: string): LedgerError {
  return new LedgerError('COMMIT_MALFORMED', `not a commit: ${what}`, { index });
}
