import { u64, utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';

const leafPrefix = Uint8Array.of(0);
const headDomain = utf8('cambium/ledger/head/v1\0');
const idDomain = utf8('cambium/ledger/id/v1\0');

/** Id of the ledger that `publicKey` (32 bytes) began: 16 bytes. It certifies itself. */
export function ledgerIdOf(publicKey: Uint8Array): Uint8Array {
  return sha256(idDomain, publicKey).slice(0, 16);
}

/** Leaf of a record's stored bytes (RFC 6962 §2.1): 32 bytes. */
export function leafOf(record: Uint8Array): Uint8Array {
  return sha256(leafPrefix, record);
}

/** Head before the first record. */
export function firstHead(ledgerId: Uint8Array): Uint8Array {
  return sha256(headDomain, ledgerId);
}

// Hashing is synchronous, so one buffer serves all: this runs once a record, written or verified.
const headInput = new Uint8Array(headDomain.length + 64);
headInput.set(headDomain);

/** Head after one more record: SHA-256(domain ‖ head ‖ leaf). */
export function nextHead(head: Uint8Array, leaf: Uint8Array): Uint8Array {
  // A head that a commit only claims may have any length.
  if (head.length !== 32 || leaf.length !== 32) return sha256(headDomain, head, leaf);
  headInput.set(head, headDomain.length);
  headInput.set(leaf, headDomain.length + 32);
  return sha256(headInput);
}

/** What a commit's signature covers: where it stands, and both heads. */
export function commitMessage(
  ledgerId: Uint8Array,
  firstIndex: number,
  count: number,
  previousHead: Uint8Array,
  head: Uint8Array,
): readonly Uint8Array[] {
  return [ledgerId, u64(firstIndex), u64(count), previousHead, head];
}
