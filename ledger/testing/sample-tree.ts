import fc, { type Arbitrary } from 'fast-check';
import { u64 } from '../../wire/bytes.ts';
import { leafOf } from '../chain.ts';
import type { TreeHead } from '../tree.ts';
import { textbookRoot } from './textbook-tree.ts';

/** Leaves of the largest sample tree. */
export const largest = 3000;

const leaves = Array.from({ length: largest }, (_, index) => leafOf(u64(index)));
const heads = new Map<number, TreeHead>();

/** The leaves of the sample tree of this size. */
export function first(size: number): readonly Uint8Array[] {
  return leaves.slice(0, size);
}

export function leafAt(index: number): Uint8Array {
  const leaf = leaves[index];
  if (leaf === undefined) throw new RangeError(`no leaf ${index}`);
  return leaf;
}

/** Size and root of the sample tree, as the textbook has it. */
export function head(size: number): TreeHead {
  const known = heads.get(size) ?? { size, root: textbookRoot(first(size)) };
  heads.set(size, known);
  return known;
}

/** Sizes of sample trees, mostly where they are at their most different: around powers of two. */
const edges = Array.from({ length: 12 }, (_, bit) => 2 ** bit).flatMap((n) => [n - 1, n, n + 1]);
export const aSize: Arbitrary<number> = fc.oneof(
  fc.constantFrom(...edges.filter((size) => size > 0)),
  fc.integer({ min: 1, max: largest }),
);

/** A leaf of a sample tree. */
export const aPlace: Arbitrary<{ size: number; index: number }> = aSize.chain((size) =>
  fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }),
);

/** A sample tree, and one that it grew to, or the same. */
export const twoSizes: Arbitrary<readonly [from: number, to: number]> = fc
  .tuple(aSize, aSize)
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
