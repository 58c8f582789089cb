import { leafOf } from './chain.ts';
import { claimedPlace, parseCommit } from './commit-format.ts';
import type { CommitStore } from './commit-store.ts';
import { consistencyRanges, inclusionRanges } from './proofs.ts';
import { findCommit } from './record-lookup.ts';
import type { Tiles } from './tiles.ts';

/**
 * Makes proofs for a ledger that was verified: from the tiles, and a few leaves read from the store
 * anew. If these have changed since, the proof is one that nobody takes.
 */
export class LedgerProofs {
  readonly #store: CommitStore;
  readonly #tiles: Tiles;

  constructor(store: CommitStore, tiles: Tiles) {
    this.#store = store;
    this.#tiles = tiles;
  }

  /** Root of the first `size` records, 32 bytes. Requires 0 < size <= count of records. */
  root(size: number): Promise<Uint8Array> {
    return this.#tiles.hashOf({ start: 0, end: size }, (start, end) => this.#leaves(start, end));
  }

  /** Siblings of the leaf at `index` in the tree of `size` records, leaf to root. */
  inclusion(index: number, size: number): Promise<readonly Uint8Array[]> {
    return this.#tiles.hashesOf(inclusionRanges(index, size), (start, end) =>
      this.#leaves(start, end),
    );
  }

  /** That the tree of `to` records begins with the one of `from`. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]> {
    return this.#tiles.hashesOf(consistencyRanges(from, to), (start, end) =>
      this.#leaves(start, end),
    );
  }

  async #leaves(start: number, end: number): Promise<readonly Uint8Array[]> {
    const leaves: Uint8Array[] = [];
    let commit = await findCommit(this.#store, start);
    while (commit !== undefined && leaves.length < end - start) {
      const { size: first } = claimedPlace(commit.bytes);
      const { records } = parseCommit(commit.bytes, first);
      const from = Math.max(0, start - first);
      for (const record of records.slice(from, end - first)) leaves.push(leafOf(record));
      commit = await this.#store.read(commit.sequence + 1);
    }
    return leaves;
  }
}
