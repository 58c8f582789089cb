import { equalBytes } from '../wire/bytes.ts';
import { emptyFrontier, nodeHash, rootOf, type TreeHead, treeHashBytes, treeSize } from './tree.ts';

/*
 * Proofs of RFC 6962 §2.1.1 and §2.1.2. Which subtrees a proof lists depends on two numbers alone, so
 * `inclusionRanges` and `consistencyRanges` say it for those who make a proof and those who check one.
 * In the checks everything is attacker-controlled: what does not fit is `false`, never an exception.
 */

/** Leaves `start` to `end - 1`: one subtree of a tree, perfect or at its ragged right edge. */
export type Range = { readonly start: number; readonly end: number };

/**
 * The siblings that an inclusion proof lists, leaf to root.
 * @param index - of the leaf; requires 0 <= index < size
 * @throws RangeError when there is no such leaf
 */
export function inclusionRanges(index: number, size: number): Range[] {
  if (!isInTree(index, size)) throw new RangeError(`no leaf ${index} among ${size}`);
  const siblings: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + leftSize(end - start);
    if (index < middle) {
      siblings.push({ start: middle, end });
      end = middle;
    } else {
      siblings.push({ start, end: middle });
      start = middle;
    }
  }
  return siblings.reverse();
}

/**
 * The subtrees that a consistency proof lists, from the edge of the older tree to the root. None when
 * the older tree is empty, or is the newer one.
 * @param from - size of the older tree
 * @param to - size of the newer one; requires 0 <= from <= to
 * @throws RangeError when these are not the sizes of two such trees
 */
export function consistencyRanges(from: number, to: number): Range[] {
  if (treeSize(from) > treeSize(to)) throw new RangeError(`${from} leaves do not grow to ${to}`);
  if (from === 0) return [];
  const listed: Range[] = [];
  let [start, end] = [0, to];
  while (end > from) {
    const middle = start + leftSize(end - start);
    if (from <= middle) {
      listed.push({ start: middle, end });
      end = middle;
    } else {
      listed.push({ start, end: middle });
      start = middle;
    }
  }
  // Left of `from` stands one subtree more. When it is the older tree as a whole, its root is known.
  if (start > 0) listed.push({ start, end });
  return listed.reverse();
}

/**
 * Root that `proof` implies for one leaf; `undefined` when it is no proof for this place.
 * @param leaf - 32 bytes
 * @param proof - 32-byte siblings, leaf to root
 */
export function rootFromInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!isInTree(index, size)) return undefined;
  const siblings = inclusionRanges(index, size);
  if (proof.length !== siblings.length || !areHashes([leaf, ...proof])) return undefined;
  return proof.reduce(
    (node, sibling, at) =>
      (siblings[at] as Range).start > index ? nodeHash(node, sibling) : nodeHash(sibling, node),
    leaf,
  );
}

/**
 * Whether `leaf` stands at `index` of this tree.
 * @param tree - size and root from one checkpoint: a root alone does not say its size, and a proof that
 *   came with a size of its own may fit more than one
 */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  tree: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  const root = rootFromInclusion(leaf, index, tree.size, proof);
  return root !== undefined && equalBytes(root, tree.root);
}

/** Whether the newer tree begins with all the leaves of the older one, in their order. */
export function verifyConsistency(
  older: TreeHead,
  newer: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size) return false;
  const listed = consistencyRanges(older.size, newer.size);
  if (proof.length !== listed.length) return false;
  if (!areHashes([older.root, newer.root, ...proof])) return false;
  if (older.size === newer.size) return equalBytes(older.root, newer.root);
  if (older.size === 0) return equalBytes(older.root, rootOf(emptyFrontier));
  const [before, after] = rootsFromConsistency(older, listed, proof);
  return equalBytes(before, older.root) && equalBytes(after, newer.root);
}

/** Both roots, from the subtree at the edge of the older tree upwards. */
function rootsFromConsistency(
  older: TreeHead,
  listed: readonly Range[],
  proof: readonly Uint8Array[],
): readonly [older: Uint8Array, newer: Uint8Array] {
  const edgeIsListed = listed[0]?.end === older.size;
  const edge = edgeIsListed ? (proof[0] as Uint8Array) : older.root;
  let [before, after] = [edge, edge];
  for (const [at, hash] of proof.entries()) {
    if (edgeIsListed && at === 0) continue;
    if ((listed[at] as Range).start >= older.size) after = nodeHash(after, hash);
    else [before, after] = [nodeHash(hash, before), nodeHash(hash, after)];
  }
  return [before, after];
}

/** Leaves in the left subtree of `size`: the largest power of two below it. Requires size > 1. */
function leftSize(size: number): number {
  const last = size - 1;
  const high = Math.floor(last / 2 ** 32);
  return high > 0 ? 2 ** (63 - Math.clz32(high)) : 2 ** (31 - Math.clz32(last));
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isInTree(index: number, size: number): boolean {
  return isSize(index) && isSize(size) && index < size;
}

function areHashes(values: readonly Uint8Array[]): boolean {
  return values.every((value) => value.length === treeHashBytes);
}
