import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { u64 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { rootFromInclusion, verifyConsistency, verifyInclusion } from './proofs.ts';
import { aPlace, first, head, largest, leafAt, twoSizes } from './testing/sample-tree.ts';
import { textbookPath, textbookProof } from './testing/textbook-tree.ts';
import { nodeHash, type TreeHead } from './tree.ts';

describe('refused is an inclusion proof', () => {
  const wrong = (change: (proof: Uint8Array[], place: Place) => Claim | undefined) =>
    fc.assert(
      fc.property(aPlace, fc.nat(), fc.nat(255), ({ index, size }, at, bit) => {
        const proof = textbookPath(index, first(size));
        const claim = change([...proof], { index, size, at, bit });
        if (claim === undefined) return;
        const { leaf = leafAt(index), place = index, tree = head(size) } = claim;
        expect(verifyInclusion(leaf, place, tree, claim.proof)).toBe(false);
      }),
      { numRuns: 40 },
    );

  it('with one bit of one hash flipped', () => {
    wrong((proof, { at, bit }) => {
      if (proof.length === 0) return undefined;
      flip(proof, at % proof.length, bit);
      return { proof };
    });
  });

  it('with a hash more, at its end or its beginning', () => {
    wrong((proof) => ({ proof: [...proof, sha256(u64(1))] }));
    wrong((proof) => ({ proof: [sha256(u64(1)), ...proof] }));
  });

  it('with a hash less', () => {
    wrong((proof) => (proof.length > 0 ? { proof: proof.slice(1) } : undefined));
    wrong((proof) => (proof.length > 0 ? { proof: proof.slice(0, -1) } : undefined));
  });

  it('with a hash that is longer or shorter', () => {
    wrong((proof) =>
      proof.length > 0 ? { proof: [new Uint8Array(31), ...proof.slice(1)] } : undefined,
    );
    wrong((proof) =>
      proof.length > 0 ? { proof: [new Uint8Array(64), ...proof.slice(1)] } : undefined,
    );
  });

  it('with two hashes changed about', () => {
    wrong(([a, b, ...rest]) =>
      a !== undefined && b !== undefined ? { proof: [b, a, ...rest] } : undefined,
    );
  });

  it('for another index', () => {
    wrong((proof, { index, size, at }) => {
      const place = at % size;
      return place === index ? undefined : { proof, place };
    });
  });

  it('for another leaf, or a node given out as a leaf', () => {
    wrong((proof) => ({ proof, leaf: sha256(u64(7)) }));
    wrong((proof, { index, size }) => {
      const [sibling, ...above] = proof;
      if (sibling === undefined || index % 2 === 1 || index + 1 === size) return undefined;
      return { proof: above, leaf: nodeHash(leafAt(index), sibling) };
    });
  });

  it('for a root of another size', () => {
    wrong((proof, { size }) => ({ proof, tree: { size, root: head(size - 1).root } }));
    wrong((proof, { size }) => ({ proof, tree: head(size === largest ? size - 1 : size + 1) }));
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53, 5])('for index %d of 5', (index) => {
    const proof = textbookPath(0, first(5));
    expect(verifyInclusion(leafAt(0), index, head(5), proof)).toBe(false);
    expect(rootFromInclusion(leafAt(0), index, 5, proof)).toBeUndefined();
  });

  it.each([0, -5, 4.5, Number.NaN, 2 ** 53])('for a tree of %d', (size) => {
    const tree = { size, root: head(5).root };
    expect(verifyInclusion(leafAt(0), 0, tree, textbookPath(0, first(5)))).toBe(false);
  });
});

describe('refused is a consistency proof', () => {
  const wrong = (change: (proof: Uint8Array[], sizes: Sizes) => Partial<Growth> | undefined) =>
    fc.assert(
      fc.property(twoSizes, fc.nat(), fc.nat(255), ([from, to], at, bit) => {
        const proof = textbookProof(from, first(to));
        const claim = change([...proof], { from, to, at, bit });
        if (claim === undefined) return;
        const said = { older: head(from), newer: head(to), proof, ...claim };
        expect(verifyConsistency(said.older, said.newer, said.proof)).toBe(false);
      }),
      { numRuns: 40 },
    );

  it('with one bit of one hash flipped', () => {
    wrong((proof, { at, bit }) => {
      if (proof.length === 0) return undefined;
      flip(proof, at % proof.length, bit);
      return { proof };
    });
  });

  it('with a hash more', () => {
    wrong((proof) => ({ proof: [...proof, sha256(u64(1))] }));
    wrong((proof) => ({ proof: [sha256(u64(1)), ...proof] }));
    wrong((proof, { from }) => ({ proof: [head(from).root, ...proof] }));
  });

  it('with a hash less', () => {
    wrong((proof) => (proof.length > 0 ? { proof: proof.slice(1) } : undefined));
    wrong((proof) => (proof.length > 0 ? { proof: proof.slice(0, -1) } : undefined));
  });

  it('with a hash that is longer or shorter', () => {
    wrong((proof) =>
      proof.length > 0 ? { proof: [new Uint8Array(0), ...proof.slice(1)] } : undefined,
    );
  });

  it('with the two roots changed about', () => {
    wrong((_, { from, to }) =>
      from === to
        ? undefined
        : {
            older: { size: from, root: head(to).root },
            newer: { size: to, root: head(from).root },
          },
    );
  });

  it('with the two trees changed about', () => {
    wrong((_, { from, to }) => (from === to ? undefined : { older: head(to), newer: head(from) }));
  });

  it('for another size of either tree', () => {
    wrong((_, { from, to }) => ({
      older: { size: from - 1, root: head(from).root },
      newer: head(to),
    }));
    wrong((_, { from, to }) =>
      from === to ? undefined : { older: { size: from + 1, root: head(from).root } },
    );
    wrong((_, { to }) => ({ newer: { size: to, root: sha256(u64(to)) } }));
  });

  it('from a tree with other leaves', () => {
    wrong((_, { from }) => ({ older: { size: from, root: sha256(u64(from)) } }));
  });

  it('of one size with two roots', () => {
    expect(verifyConsistency(head(5), { size: 5, root: head(6).root }, [])).toBe(false);
  });

  it('from an empty tree whose root is not that of the empty tree', () => {
    expect(verifyConsistency({ size: 0, root: new Uint8Array(32) }, head(3), [])).toBe(false);
    expect(verifyConsistency({ size: 0, root: new Uint8Array(0) }, head(3), [])).toBe(false);
    expect(verifyConsistency(head(0), head(3), [head(3).root])).toBe(false);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('from or to a size of %d', (size) => {
    const odd = { size, root: head(3).root };
    expect(verifyConsistency(odd, head(5), textbookProof(3, first(5)))).toBe(false);
    expect(verifyConsistency(head(3), odd, textbookProof(3, first(5)))).toBe(false);
  });
});

type Place = { index: number; size: number; at: number; bit: number };
type Claim = { proof: readonly Uint8Array[]; leaf?: Uint8Array; place?: number; tree?: TreeHead };
type Sizes = { from: number; to: number; at: number; bit: number };
type Growth = { older: TreeHead; newer: TreeHead; proof: readonly Uint8Array[] };

function flip(proof: Uint8Array[], at: number, bit: number): void {
  const hash = Uint8Array.from(proof[at] as Uint8Array);
  hash[bit >> 3] = (hash[bit >> 3] as number) ^ (1 << (bit & 7));
  proof[at] = hash;
}
