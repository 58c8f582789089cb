import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, u64 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { leafOf } from './chain.ts';
import {
  consistencyRanges,
  inclusionRanges,
  type Range,
  rootFromInclusion,
  verifyConsistency,
  verifyInclusion,
} from './proofs.ts';
import { certificateTransparency } from './testing/certificate-transparency.ts';
import { aPlace, first, head, largest, leafAt, twoSizes } from './testing/sample-tree.ts';
import { textbookPath, textbookProof, textbookRoot } from './testing/textbook-tree.ts';
import type { TreeHead } from './tree.ts';

/** The hashes of ranges, as the textbook has them. */
const hashes = (ranges: readonly Range[]) =>
  ranges.map(({ start, end }) => textbookRoot(first(largest).slice(start, end)));

describe('the ranges of a proof have the hashes of the textbook,', () => {
  it('for inclusion and consistency, at every size to 40', () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let index = 0; index < size; index += 1)
        expect(hashes(inclusionRanges(index, size))).toStrictEqual(
          textbookPath(index, first(size)),
        );
      for (let from = 1; from <= size; from += 1)
        expect(hashes(consistencyRanges(from, size))).toStrictEqual(
          textbookProof(from, first(size)),
        );
    }
  });

  it('for inclusion at larger sizes', () => {
    fc.assert(
      fc.property(aPlace, ({ index, size }) => {
        expect(hashes(inclusionRanges(index, size))).toStrictEqual(
          textbookPath(index, first(size)),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('for consistency at larger sizes', () => {
    fc.assert(
      fc.property(twoSizes, ([from, to]) => {
        expect(hashes(consistencyRanges(from, to))).toStrictEqual(textbookProof(from, first(to)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a proof of the textbook verifies', () => {
  it('for every leaf of a tree', () => {
    fc.assert(
      fc.property(aPlace, ({ index, size }) => {
        const proof = textbookPath(index, first(size));
        expect(rootFromInclusion(leafAt(index), index, size, proof)).toStrictEqual(head(size).root);
        expect(verifyInclusion(leafAt(index), index, head(size), proof)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('for every two sizes', () => {
    fc.assert(
      fc.property(twoSizes, ([from, to]) => {
        const proof = textbookProof(from, first(to));
        expect(verifyConsistency(head(from), head(to), proof)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('from the empty tree to any, with no hash at all', () => {
    for (const size of [0, 1, 2, 3, 255, 256])
      expect(verifyConsistency(head(0), head(size), [])).toBe(true);
  });
});

describe('the proofs that Certificate Transparency published', () => {
  const { leaves: data, roots, inclusion, consistency } = certificateTransparency;
  const at = (size: number): TreeHead => ({ size, root: fromHex(roots[size - 1] as string) });

  it.each(inclusion)('leaf $index of $size verifies', ({ index, size, proof }) => {
    const leaf = leafOf(fromHex(data[index] as string));
    expect(verifyInclusion(leaf, index, at(size), proof.map(fromHex))).toBe(true);
  });

  it.each(consistency)('$from to $to verifies', ({ from, to, proof }) => {
    expect(verifyConsistency(at(from), at(to), proof.map(fromHex))).toBe(true);
  });
});

describe('in very large trees', () => {
  /** One leaf, siblings that nobody has computed, and the root that follows from them. */
  const imagined = (index: number, size: number) => {
    const proof = inclusionRanges(index, size).map((_, depth) => sha256(u64(depth)));
    const root = rootFromInclusion(leafAt(0), index, size, proof) as Uint8Array;
    return { proof, tree: { size, root } };
  };

  it.each([
    [2 ** 40, 2 ** 40 + 1],
    [2 ** 40 - 1, 2 ** 40],
    [2 ** 40 + 12_345, 2 ** 41],
    [2 ** 52 - 1, 2 ** 52 + 7],
    [2 ** 52 + 3, 2 ** 53 - 1],
    [2 ** 53 - 2, 2 ** 53 - 1],
    [0, 2 ** 53 - 1],
  ])('the siblings of leaf %d of %d cover all other leaves', (index, size) => {
    const ranges = inclusionRanges(index, size);
    const inOrder = [...ranges, { start: index, end: index + 1 }].sort((a, b) => a.start - b.start);
    let at = 0;
    for (const { start, end } of inOrder) {
      expect(start).toBe(at);
      at = end;
    }
    expect(at).toBe(size);
    expect(ranges.length).toBeLessThanOrEqual(53);
    expect(ranges.every(isSubtree)).toBe(true);
  });

  it.each([
    [2 ** 40, 2 ** 40 + 1],
    [2 ** 40 + 1, 2 ** 52],
    [2 ** 52 - 1, 2 ** 53 - 1],
    [1, 2 ** 53 - 1],
    [2 ** 53 - 2, 2 ** 53 - 1],
  ])('the ranges from %d to %d leaves are subtrees of both', (from, to) => {
    const ranges = consistencyRanges(from, to);
    expect(ranges.length).toBeLessThanOrEqual(54);
    expect(ranges.every(isSubtree)).toBe(true);
    expect(ranges.every(({ start, end }) => end <= from || start >= from)).toBe(true);
    expect(ranges.at(-1)?.end === to || ranges.at(-1)?.start === 0).toBe(true);
  });

  it.each([
    [2 ** 40 + 5, 2 ** 40 + 9],
    [2 ** 52 + 1, 2 ** 53 - 1],
  ])('leaf %d of %d is found at its own index only', (index, size) => {
    const { proof, tree } = imagined(index, size);
    expect(verifyInclusion(leafAt(0), index, tree, proof)).toBe(true);
    for (const other of [index - 1, index + 1, index - 2 ** 32, index - 2 ** 40])
      expect(verifyInclusion(leafAt(0), other, tree, proof)).toBe(false);
  });

  it('nothing is above 2^53 - 1', () => {
    expect(() => inclusionRanges(0, 2 ** 53)).toThrow(RangeError);
    expect(() => consistencyRanges(1, 2 ** 53)).toThrow(RangeError);
    expect(() => consistencyRanges(2 ** 53, 2 ** 53)).toThrow(RangeError);
  });
});

describe('ranges are refused', () => {
  it.each([
    [0, 0],
    [3, 3],
    [-1, 3],
    [0.5, 3],
    [0, 3.5],
    [0, Number.NaN],
  ])('for leaf %d of %d', (index, size) => {
    expect(() => inclusionRanges(index, size)).toThrow(RangeError);
  });

  it.each([
    [4, 3],
    [-1, 3],
    [0.5, 3],
    [0, Number.NaN],
  ])('from %d to %d', (from, to) => {
    expect(() => consistencyRanges(from, to)).toThrow(RangeError);
  });
});

function isSubtree({ start, end }: Range): boolean {
  let width = 1n;
  while (width < BigInt(end - start)) width *= 2n;
  return start < end && BigInt(start) % width === 0n;
}
