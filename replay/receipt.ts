import type { Kind } from '../ledger/kinds.ts';
import { formatVkey } from '../ledger/note-key.ts';
import { parseRecord, recordKeyOf } from '../ledger/record.ts';
import { rotationToJson } from '../ledger/rotation-json.ts';
import { toBase64, toHex } from '../wire/bytes.ts';
import type { SignedStatement } from '../wire/statement.ts';
import { ReplayError } from './errors.ts';
import type { LedgerSource, ProofReader } from './proof-reader.ts';
import {
  formatReceipt,
  type Receipt,
  type ReceiptEvidence,
  type ReceiptRecord,
  receiptRecordsMax,
  receiptType,
  receiptVersion,
} from './receipt-format.ts';
import { firstKeyOf } from './receipt-keys.ts';
import type { ReceiptSummary } from './receipt-summary.ts';
import { summaryOf, verifyReceipt } from './verify-receipt.ts';

/** A record that goes into a receipt. */
export type PickedRecord = {
  readonly index: number;
  readonly kind: Kind;
  /** As the ledger stores it. */
  readonly stored: Uint8Array;
  /** Whether its key goes with it. */
  readonly open: boolean;
};

/** What was picked from a ledger that was read to its end. */
export type Picked = {
  readonly about: ReceiptSummary['about'];
  /** In the order of the ledger. */
  readonly records: readonly PickedRecord[];
  readonly statements: readonly SignedStatement[];
};

/** Records of these kinds hold a field's value, or a key that opens messages: they are never opened to others. */
const neverOpened: ReadonlySet<Kind> = new Set<Kind>([
  'stored',
  'value_received',
  'queued',
  'epoch_opened',
]);

/** Whether a record of this kind may be opened to others. */
export function mayBeOpened(kind: Kind): boolean {
  return !neverOpened.has(kind);
}

/**
 * Puts a receipt together, and verifies it as its reader will.
 * @param checkpoint - signed note of the tree over the whole ledger that `reader` has read
 * @throws ReplayError TOO_MANY, NOT_DISCLOSED
 */
export async function makeReceipt(
  source: LedgerSource,
  reader: ProofReader,
  picked: Picked,
  checkpoint: string,
): Promise<Receipt> {
  const { about, records, statements } = picked;
  if (records.length > receiptRecordsMax)
    throw new ReplayError('TOO_MANY', `${records.length} records, of ${receiptRecordsMax}`);
  const { identity } = source;
  const shown: ReceiptRecord[] = [];
  for (const record of records) shown.push(await receiptRecord(source, reader, record));
  const evidence: ReceiptEvidence = {
    statements,
    ledger: {
      id: toHex(identity.id),
      key: formatVkey(firstKeyOf(identity.id, identity.publicKey)),
    },
    rotations: reader.end.keys.flatMap(({ handover }) =>
      handover === undefined ? [] : [rotationToJson(handover)],
    ),
    checkpoint,
    records: shown,
  };
  const summary = summaryOf(evidence, about);
  const receipt: Receipt = { type: receiptType, v: receiptVersion, summary, ...evidence };
  const verdict = verifyReceipt(formatReceipt(receipt), { key: identity.publicKey });
  if (!verdict.ok) throw new Error(`a receipt that does not verify: ${verdict.message}`);
  return receipt;
}

async function receiptRecord(
  { keys }: LedgerSource,
  reader: ProofReader,
  { index, kind, stored, open }: PickedRecord,
): Promise<ReceiptRecord> {
  const proof = (await reader.proofOf(index)).map(toBase64);
  const record = { index, stored: toBase64(stored), proof };
  if (!open) return record;
  const parsed = parseRecord(stored, index);
  const key = keys(parsed.header.scope);
  if (key === undefined || !mayBeOpened(kind))
    throw new ReplayError('NOT_DISCLOSED', `record ${index} (${kind}) cannot be opened to others`);
  return { ...record, key: toBase64(recordKeyOf(parsed, key)) };
}
