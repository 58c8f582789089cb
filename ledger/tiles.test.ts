import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { u64 } from '../wire/bytes.ts';
import { leafOf } from './chain.ts';
import {
  consistencyRanges,
  inclusionRanges,
  verifyConsistency,
  verifyInclusion,
} from './proofs.ts';
import { textbookRoot } from './testing/textbook-tree.ts';
import { Tiles } from './tiles.ts';
import { emptyFrontier, extend, type Frontier, rootOf, type TreeHead, tileLeaves } from './tree.ts';

// More than 256 tiles, so that there is a level above theirs.
const count = 256 * 256 + 5 * 256 + 77;
const leaves = Array.from({ length: count }, (_, index) => leafOf(u64(index)));
const leafAt = (index: number) => leaves[index] as Uint8Array;
const headOf = (size: number): TreeHead => ({
  size,
  root: rootOf(extend(emptyFrontier, leaves.slice(0, size))),
});

function tilesOf(size: number): Tiles {
  const tiles = new Tiles();
  for (const leaf of leaves.slice(0, size)) tiles.add(leaf);
  return tiles;
}

/** A store that counts how many leaves are read from it. */
function store() {
  const reads: number[] = [];
  const read = async (start: number, end: number) => {
    reads.push(end - start);
    return leaves.slice(start, end);
  };
  return { reads, read };
}

const tiles = tilesOf(count);
const aSize = fc.oneof(
  fc.constantFrom(1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, count - 1, count),
  fc.integer({ min: 1, max: count }),
);

describe('tiles', () => {
  it('count their leaves', () => {
    expect(tiles.size).toBe(count);
    expect(new Tiles().size).toBe(0);
  });

  it('are the same when the roots come from a tree that grows beside them, by any steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 1_000 })), async (steps) => {
        let tree: Frontier = emptyFrontier;
        const grown = new Tiles();
        for (const step of steps) {
          const roots: Uint8Array[] = [];
          const more = leaves.slice(tree.size, tree.size + step);
          tree = extend(tree, more, (root) => roots.push(root));
          grown.take(more, roots);
        }
        const ranges = tree.size === 0 ? [] : [{ start: 0, end: tree.size }];
        const { read, reads } = store();
        expect(await grown.hashesOf(ranges, read)).toStrictEqual(ranges.map(() => rootOf(tree)));
        expect(reads).toStrictEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('give inclusion proofs that verify, for every size that there was', async () => {
    await fc.assert(
      fc.asyncProperty(aSize, fc.nat(), async (size, at) => {
        const index = at % size;
        const { read, reads } = store();
        const proof = await tiles.hashesOf(inclusionRanges(index, size), read);
        expect(verifyInclusion(leafAt(index), index, headOf(size), proof)).toBe(true);
        expect(reads.reduce((sum, leavesRead) => sum + leavesRead, 0)).toBeLessThan(2 * tileLeaves);
      }),
      { numRuns: 20 },
    );
  });

  it('give consistency proofs that verify', async () => {
    await fc.assert(
      fc.asyncProperty(aSize, aSize, async (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const proof = await tiles.hashesOf(consistencyRanges(from, to), store().read);
        expect(verifyConsistency(headOf(from), headOf(to), proof)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('are the same whenever they are asked', async () => {
    for (const size of [1, 255, 256, 257, 700]) {
      const grown = tilesOf(size);
      const ranges = [{ start: 0, end: size }, ...inclusionRanges(0, size)];
      const { read } = store();
      expect(await grown.hashesOf(ranges, read)).toStrictEqual(await tiles.hashesOf(ranges, read));
    }
  });
});

describe('leaves are read from the store', () => {
  it('not at all for whole tiles, nor for the last, open one', async () => {
    const { read, reads } = store();
    await tiles.hashOf({ start: 0, end: count }, read);
    await tiles.hashOf({ start: 65_536, end: count }, read);
    await tiles.hashOf({ start: 256, end: 512 }, read);
    await tiles.hashOf({ start: count - 1, end: count }, read);
    expect(reads).toStrictEqual([]);
  });

  it('only as far as a range has a part of a tile', async () => {
    const { read, reads } = store();
    const root = await tiles.hashOf({ start: 512, end: 512 + 256 + 9 }, read);
    expect(reads).toStrictEqual([9]);
    expect(root).toStrictEqual(textbookRoot(leaves.slice(512, 512 + 256 + 9)));
  });
});

describe('refused is', () => {
  const { read } = store();

  it.each([
    [0, 0],
    [5, 3],
    [-1, 1],
    [0, count + 1],
    [0.5, 1],
    [0, Number.NaN],
    [Number.MAX_SAFE_INTEGER, 2 ** 53],
  ])('a range from %d to %d', async (start, end) => {
    await expect(tiles.hashOf({ start, end }, read)).rejects.toThrow(RangeError);
  });

  it.each([
    [1, 3],
    [128, 300],
    [256, 256 + 257],
  ])('a range from %d to %d, which is no subtree', async (start, end) => {
    await expect(tiles.hashOf({ start, end }, read)).rejects.toThrow(/no subtree/);
  });

  it('a store that gives fewer leaves than were asked for', async () => {
    const short = async (start: number, end: number) => leaves.slice(start + 1, end);
    await expect(tiles.hashOf({ start: 0, end: 2 }, short)).rejects.toThrow(RangeError);
  });

  it('a leaf of another length than 32 bytes', () => {
    expect(() => new Tiles().add(new Uint8Array(33))).toThrow(RangeError);
    expect(() => new Tiles().take([new Uint8Array(33)], [])).toThrow(RangeError);
    expect(() => new Tiles().take(leaves.slice(0, tileLeaves), [])).toThrow(RangeError);
  });
});
