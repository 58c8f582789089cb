import { sha256 } from '../wire/crypto.ts';

/*
 * The tree of RFC 6962 §2.1 over the leaves of the chain. Leaves come from `leafOf` (chain.ts), so a
 * leaf (0x00 ‖ record) and a node (0x01 ‖ left ‖ right) never have the same bytes before the hash.
 */

/** Length of a leaf, of a node and of the root, in bytes. */
export const treeHashBytes = 32;

/** What a growing tree keeps: enough for its root and for more leaves, about log2(size) hashes. */
export type Frontier = {
  /** Count of leaves, 0 to 2^53 - 1. */
  readonly size: number;
  /** Roots (32 bytes) of the perfect subtrees that the leaves divide into, largest first: one for each bit of `size`. */
  readonly peaks: readonly Uint8Array[];
};

/** A tree as others see it: how many leaves, and their root. */
export type TreeHead = {
  /** Count of leaves, 0 to 2^53 - 1. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
};

/** Leaves of one tile: a full, aligned subtree whose root is kept for proofs. */
export const tileLeaves = 256;

/** The tree without leaves. */
export const emptyFrontier: Frontier = { size: 0, peaks: [] };

/**
 * The tree with these leaves after the others. About one hash a leaf, and one array copy a call.
 * @param leaves - 32 bytes each, in order; from `leafOf`
 * @param onTile - hears the root (32 bytes) of every tile that these leaves complete, in order
 * @throws RangeError when the frontier is not one, a leaf has another length, or 2^53 - 1 leaves are exceeded
 */
export function extend(
  frontier: Frontier,
  leaves: readonly Uint8Array[],
  onTile?: (root: Uint8Array) => void,
): Frontier {
  assertFrontier(frontier);
  const end = treeSize(frontier.size + leaves.length);
  const peaks = frontier.peaks.slice();
  let { size } = frontier;
  for (const leaf of leaves) {
    addLeaf(peaks, size, leaf, onTile);
    size += 1;
  }
  return { size: end, peaks };
}

/** Root of the tree, 32 bytes: SHA-256 of nothing when it is empty. */
export function rootOf(frontier: Frontier): Uint8Array {
  const { peaks } = frontier;
  const last = peaks.at(-1);
  if (last === undefined) return sha256(new Uint8Array(0));
  return peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

// Hashing is synchronous, so one buffer serves all: this is the hot path of every append.
const nodeBytes = new Uint8Array(1 + 2 * treeHashBytes);
nodeBytes[0] = 1;

/** Inner node: SHA-256(0x01 ‖ left ‖ right), of 32 bytes each. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeBytes.set(treeHash(left), 1);
  nodeBytes.set(treeHash(right), 1 + treeHashBytes);
  return sha256(nodeBytes);
}

/**
 * A count of leaves, as it is.
 * @throws RangeError when it is no integer from 0 to 2^53 - 1
 */
export function treeSize(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`not a tree size: ${size}`);
  return size;
}

/** Every perfect subtree that the new leaf completes becomes one peak. */
function addLeaf(
  peaks: Uint8Array[],
  size: number,
  leaf: Uint8Array,
  onTile?: (root: Uint8Array) => void,
): void {
  let node = treeHash(leaf);
  let width = 1;
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = peaks.pop();
    if (left === undefined) throw new RangeError(`${size} leaves have more peaks than these`);
    node = nodeHash(left, node);
    width *= 2;
    if (width === tileLeaves) onTile?.(node);
  }
  peaks.push(node);
}

function assertFrontier({ size, peaks }: Frontier): void {
  let bits = 0;
  for (let rest = treeSize(size); rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  if (peaks.length !== bits) throw new RangeError(`${peaks.length} peaks for ${size} leaves`);
}

function treeHash(hash: Uint8Array): Uint8Array {
  if (hash.length !== treeHashBytes) throw new RangeError(`a tree hash of ${hash.length} bytes`);
  return hash;
}
