import { concat } from '../../wire/bytes.ts';
import { sha256 } from '../../wire/crypto.ts';

/*
 * RFC 6962 §2.1 word for word, over whole arrays of leaf hashes: slow, and plain to check against the
 * text. What the ledger computes another way is held against it.
 */

/** MTH(D[n]) of §2.1, over leaf hashes. */
export function textbookRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return only;
  const k = largestPowerBelow(leaves.length);
  return sha256(
    concat(Uint8Array.of(1), textbookRoot(leaves.slice(0, k)), textbookRoot(leaves.slice(k))),
  );
}

/** PATH(m, D[n]) of §2.1.1. */
export function textbookPath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  const n = leaves.length;
  if (n === 1) return [];
  const k = largestPowerBelow(n);
  return m < k
    ? [...textbookPath(m, leaves.slice(0, k)), textbookRoot(leaves.slice(k))]
    : [...textbookPath(m - k, leaves.slice(k)), textbookRoot(leaves.slice(0, k))];
}

/** PROOF(m, D[n]) of §2.1.2. */
export function textbookProof(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  return subproof(m, leaves, true);
}

function subproof(m: number, leaves: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  const n = leaves.length;
  if (m === n) return whole ? [] : [textbookRoot(leaves)];
  const k = largestPowerBelow(n);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), textbookRoot(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), textbookRoot(leaves.slice(0, k))];
}

/** The largest power of two below n; n > 1. */
function largestPowerBelow(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
