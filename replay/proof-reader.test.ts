import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { leafOf } from '../ledger/chain.ts';
import { ledgerOrigin, signCheckpoint } from '../ledger/checkpoint.ts';
import { verifyInclusion } from '../ledger/proofs.ts';
import { begin, identity, keys, signer, stored } from '../ledger/testing/fixtures.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { rootOf } from '../ledger/tree.ts';
import { ProofReader } from './proof-reader.ts';

/** Three full tiles and a part of a fourth, in commits that begin and end anywhere in them. */
const records = 900;

describe('a ledger that is read for proofs', () => {
  let store: MemoryStore;

  beforeAll(async () => {
    store = new MemoryStore();
    const ledger = await begin(store);
    for (let count = 1; count < records; count += 37) {
      const size = Math.min(37, records - count);
      await ledger.append(Array.from({ length: size }, (_, at) => stored(`${count + at}`))).durable;
    }
  });

  async function read(kept: ReadonlySet<number>) {
    const reader = new ProofReader({ store, identity, keys });
    const bytes = new Map<number, Uint8Array>();
    for await (const { index } of reader.records())
      if (kept.has(index)) bytes.set(index, reader.keep(index));
    return { reader, bytes };
  }

  it('proves every record that was kept, whichever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(records - 1), { maxLength: 12 }), async (kept) => {
        const { reader, bytes } = await read(new Set(kept));
        const { size, tree } = reader.end;
        expect(size).toBe(records);
        for (const [index, record] of bytes) {
          const proof = await reader.proofOf(index);
          const head = { size, root: rootOf(tree) };
          expect(verifyInclusion(leafOf(record), index, head, proof)).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('proves the first and last record of every tile', async () => {
    const edges = [0, 255, 256, 511, 512, 767, 768, records - 1];
    const { reader, bytes } = await read(new Set(edges));
    const head = { size: reader.end.size, root: rootOf(reader.end.tree) };
    for (const index of edges) {
      const proof = await reader.proofOf(index);
      const leaf = leafOf(bytes.get(index) ?? new Uint8Array(0));
      expect(verifyInclusion(leaf, index, head, proof), `record ${index}`).toBe(true);
    }
  });

  it('cannot prove what it did not keep', async () => {
    const { reader } = await read(new Set([300]));
    await expect(reader.proofOf(10)).rejects.toThrow(RangeError);
  });

  it('refuses a ledger that does not continue what was pinned of it', async () => {
    const origin = ledgerOrigin(identity.id);
    const root = leafOf(new Uint8Array(1));
    for (const [size, code] of [
      [records + 1, 'ROLLED_BACK'],
      [records - 5, 'FORKED'],
    ] as const) {
      const pinned = [{ pin: 'a pin', note: signCheckpoint(signer, { origin, size, root }) }];
      const reader = new ProofReader({ store, identity, keys, pinned });
      const read = async (): Promise<void> => {
        for await (const _ of reader.records());
      };
      await expect(read()).rejects.toMatchObject({ code });
    }
  });
});
