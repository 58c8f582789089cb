import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, u64 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { leafOf } from './chain.ts';
import { certificateTransparency } from './testing/certificate-transparency.ts';
import { textbookRoot } from './testing/textbook-tree.ts';
import { emptyFrontier, extend, type Frontier, nodeHash, rootOf } from './tree.ts';

const leavesOf = (count: number) => Array.from({ length: count }, (_, index) => leafOf(u64(index)));

describe('the tree', () => {
  it('has the hash of nothing as its root when it is empty', () => {
    expect(toHex(rootOf(emptyFrontier))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('has the roots that Certificate Transparency published', () => {
    let tree = emptyFrontier;
    for (const [index, leaf] of certificateTransparency.leaves.entries()) {
      tree = extend(tree, [leafOf(fromHex(leaf))]);
      expect(toHex(rootOf(tree))).toBe(certificateTransparency.roots[index]);
    }
  });

  it('has the root of the textbook at every size to 300, one leaf at a time', () => {
    const leaves = leavesOf(300);
    let tree = emptyFrontier;
    for (const [index, leaf] of leaves.entries()) {
      tree = extend(tree, [leaf]);
      expect(tree.size).toBe(index + 1);
      expect(rootOf(tree)).toStrictEqual(textbookRoot(leaves.slice(0, index + 1)));
    }
  });

  it('does not depend on how the leaves were divided into calls', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 8 }), (counts) => {
        const leaves = leavesOf(counts.reduce((sum, count) => sum + count, 0));
        let tree = emptyFrontier;
        for (const count of counts) tree = extend(tree, leaves.slice(tree.size, tree.size + count));
        expect(tree).toStrictEqual(extend(emptyFrontier, leaves));
        expect(rootOf(tree)).toStrictEqual(textbookRoot(leaves));
      }),
      { numRuns: 40 },
    );
  });

  it('leaves the tree it grew from as it was', () => {
    const before = extend(emptyFrontier, leavesOf(7));
    const peaks = [...before.peaks];
    extend(before, leavesOf(9));
    expect(before).toStrictEqual({ size: 7, peaks });
    expect(extend(before, [])).toStrictEqual(before);
  });
});

describe('a very large tree', () => {
  /** Stands for a tree of that size: one made-up peak for each bit. */
  const imagined = (size: bigint): Frontier => {
    const bits = size.toString(2).replaceAll('0', '').length;
    return { size: Number(size), peaks: leavesOf(bits) };
  };

  it.each([2n ** 31n - 1n, 2n ** 32n - 1n, 2n ** 40n - 1n, 2n ** 52n - 1n])(
    'becomes one peak when %d leaves get one more',
    (size) => {
      const before = imagined(size);
      const leaf = sha256(u64(9));
      const after = extend(before, [leaf]);
      const peak = before.peaks.reduceRight((right, left) => nodeHash(left, right), leaf);
      expect(after).toStrictEqual({ size: Number(size) + 1, peaks: [peak] });
      expect(rootOf(after)).toStrictEqual(peak);
    },
  );

  it('may have 2^53 - 1 leaves, and not one more', () => {
    const leaf = sha256(u64(9));
    const full = extend(imagined(2n ** 53n - 2n), [leaf]);
    expect(full.size).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => extend(full, [leaf])).toThrow(RangeError);
  });
});

describe('refused is', () => {
  it.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('a size of %d', (size) => {
    expect(() => extend({ size, peaks: [] }, [])).toThrow(RangeError);
  });

  it('a frontier with too few peaks or too many', () => {
    const { size, peaks } = extend(emptyFrontier, leavesOf(5));
    expect(() => extend({ size, peaks: peaks.slice(1) }, [])).toThrow(RangeError);
    expect(() => extend({ size, peaks: [...peaks, ...peaks] }, [])).toThrow(RangeError);
  });

  it('a leaf of another length than 32 bytes', () => {
    expect(() => extend(emptyFrontier, [new Uint8Array(31)])).toThrow(RangeError);
    expect(() => extend(emptyFrontier, [new Uint8Array(0)])).toThrow(RangeError);
  });
});
