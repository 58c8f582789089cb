import { leafOf } from '../ledger/chain.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Kind } from '../ledger/kinds.ts';
import { verifyInclusion } from '../ledger/proofs.ts';
import { openDisclosed, parseRecord, type StoredRecord } from '../ledger/record.ts';
import type { TreeHead } from '../ledger/tree.ts';
import { contentsOf, type Json } from './receipt-contents.ts';
import { ReceiptError, type ReceiptFault } from './receipt-error.ts';
import { bytesIn, type ReceiptRecord } from './receipt-format.ts';

/** What a disclosed record says, and where it stands in its scope. */
export type Disclosed = {
  /** How many records of its scope stand before it, and the last one's leaf. */
  readonly scopeIndex: number;
  readonly scopePrevious: Uint8Array | null;
  /** Index of the record that it follows from. */
  readonly cause?: number;
  readonly contents: Json;
};

/** A record that stands in the ledger. */
export type ProvenRecord = {
  readonly index: number;
  readonly kind: Kind;
  /** Unix milliseconds. */
  readonly time: number;
  /** Scope id, hex. */
  readonly scope: string;
  /** 32 bytes. */
  readonly leaf: Uint8Array;
  /** Absent where its key is not given. */
  readonly disclosed?: Disclosed;
};

/**
 * Proves that these records stand in a tree, and opens those whose keys are given.
 * @param ledgerId - 16 bytes
 * @throws ReceiptError that names the first bad record
 */
export function proveRecords(
  records: readonly ReceiptRecord[],
  ledgerId: Uint8Array,
  tree: TreeHead,
): ProvenRecord[] {
  const proven = records.map((record) => proveRecord(record, ledgerId, tree));
  for (const [at, { index, time }] of proven.entries()) {
    const before = proven[at - 1];
    if (before === undefined) continue;
    if (before.index === index)
      throw new ReceiptError('RECORD_DOUBLED', `record ${index} stands twice`, index);
    if (before.index > index || before.time > time)
      throw new ReceiptError('RECORD_ORDER', `record ${index} stands out of order`, index);
  }
  return proven;
}

function proveRecord(record: ReceiptRecord, ledgerId: Uint8Array, tree: TreeHead): ProvenRecord {
  const { index } = record;
  const bytes = bytesIn('a record', record.stored, index);
  const stored = refusing(() => parseRecord(bytes, index));
  const leaf = leafOf(bytes);
  const proof = record.proof.map((hash) => bytesIn('a proof', hash, index));
  if (!verifyInclusion(leaf, index, tree, proof))
    throw new ReceiptError(
      'NOT_INCLUDED',
      `record ${index} is not the one under the checkpoint`,
      index,
    );
  const { kind, time, scope } = stored.header;
  const proven = { index, kind, time, scope, leaf };
  if (record.key === undefined) return proven;
  const key = bytesIn('a record key', record.key, index);
  return { ...proven, disclosed: disclose(stored, ledgerId, index, key) };
}

function disclose(
  stored: StoredRecord,
  ledgerId: Uint8Array,
  index: number,
  key: Uint8Array,
): Disclosed {
  const opened = refusing(() => openDisclosed(stored, ledgerId, index, key));
  const { scopeIndex, scopePrevious, cause } = opened;
  if (!Number.isSafeInteger(scopeIndex) || (scopeIndex === 0) !== (scopePrevious === null))
    throw new ReceiptError('BODY_MALFORMED', `record ${index}: place in its scope`, index);
  const contents = contentsOf(stored.header.kind, opened, index);
  const place = { scopeIndex, scopePrevious, contents };
  return cause === undefined ? place : { ...place, cause };
}

const sameFaults: ReadonlySet<string> = new Set<ReceiptFault>([
  'KEY_COMMITMENT',
  'SEAL_BROKEN',
  'BODY_MALFORMED',
]);

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const code = sameFaults.has(error.code) ? (error.code as ReceiptFault) : 'RECORD_MALFORMED';
    throw new ReceiptError(code, `record ${error.index}: ${error.message}`, error.index);
  }
}
