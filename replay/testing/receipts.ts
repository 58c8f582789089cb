import { identity, signer } from '../../ledger/testing/fixtures.ts';
import { equalBytes, fromBase64, toBase64 } from '../../wire/bytes.ts';
import type { Signer } from '../../wire/crypto.ts';
import { type Issuer, receiptOfEvent } from '../issue-receipt.ts';
import type { LedgerSource } from '../proof-reader.ts';
import type { ReceiptFault } from '../receipt-error.ts';
import { formatReceipt, type Receipt, type ReceiptRecord } from '../receipt-format.ts';
import { type ReaderKnows, type ReceiptVerdict, verifyReceipt } from '../verify-receipt.ts';
import type { Told } from './story.ts';
import { storyKeys } from './story-facts.ts';

/** Signs as the ledger of the story. */
export const issuer: Issuer = issuerOf(signer);

/** Holds these keys of a ledger. */
export function issuerOf(...signers: readonly Signer[]): Issuer {
  return {
    signerFor: (publicKey) => signers.find((one) => equalBytes(one.publicKey, publicKey)),
  };
}

/** The story's ledger, to be read. */
export function sourceOf({ story }: Told): LedgerSource {
  return { store: story.store, identity, keys: storyKeys };
}

/** Receipt of an event of the story, by the name that it has there. */
export function receiptOf(told: Told, name: string, disclose: boolean): Promise<Receipt> {
  return receiptOfEvent(sourceOf(told), issuer, told.keys[name] ?? '', disclose);
}

/** Verifies a receipt with the ledger's first key in hand. */
export function verified(receipt: Receipt, knows: ReaderKnows = {}): ReceiptVerdict {
  return verifyReceipt(formatReceipt(receipt), { key: identity.publicKey, ...knows });
}

/** A verdict that refuses. */
export const bad = (code: ReceiptFault) => ({ ok: false, code });

/** The receipt with one of its records changed. */
export function withRecord(receipt: Receipt, at: number, change: Partial<ReceiptRecord>): Receipt {
  const records = receipt.records.map((record, one) =>
    one === at ? { ...record, ...change } : record,
  );
  return { ...receipt, records };
}

/** Base64 with one bit changed. */
export function flipped(base64: string, at = 3): string {
  const bytes = fromBase64(base64);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return toBase64(bytes);
}
