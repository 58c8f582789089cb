import type { LedgerRecord } from '../ledger/bodies.ts';
import { type ChainEnd, emptyChain, type LedgerIdentity } from '../ledger/chain-end.ts';
import { type ParsedCommit, parseCommit } from '../ledger/commit-format.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { PinCheck, type Pinned } from '../ledger/pinned.ts';
import { inclusionRanges } from '../ledger/proofs.ts';
import { type VerifiedCommit, verifyStore } from '../ledger/reader.ts';
import { RecordOpener, type ScopeKeys } from '../ledger/record-opener.ts';
import { Tiles } from '../ledger/tiles.ts';
import { tileLeaves } from '../ledger/tree.ts';

/** A ledger to read, and the keys that open it. */
export type LedgerSource = {
  readonly store: CommitStore;
  readonly identity: LedgerIdentity;
  readonly keys: ScopeKeys;
  /** Checkpoints of it that are kept elsewhere: nothing is signed about a ledger that does not continue them. */
  readonly pinned?: readonly Pinned[];
};

/**
 * Reads a whole ledger once, and gives inclusion proofs of the records that were kept on the way. It holds
 * 32 bytes for 256 records, and 8 KiB for each tile with a kept record.
 */
export class ProofReader {
  readonly #source: LedgerSource;
  readonly #tiles = new Tiles();
  /** Leaves of the tiles that hold a kept record, by the tile's number. */
  readonly #kept = new Map<number, readonly Uint8Array[]>();
  /** Leaves of the tile that is being read. */
  #tile: Uint8Array[] = [];
  #reading: VerifiedCommit | undefined;
  #parsed: ParsedCommit | undefined;
  #end: ChainEnd;

  constructor(source: LedgerSource) {
    this.#source = source;
    this.#end = emptyChain(source.identity);
  }

  /** Where the ledger ended when it was read. */
  get end(): ChainEnd {
    return this.#end;
  }

  /**
   * Every record in order, verified and opened. Iterate it once, to its end.
   * @throws LedgerError when the ledger is not whole, or not what was pinned of it
   */
  async *records(): AsyncGenerator<LedgerRecord> {
    const { store, identity, keys, pinned = [] } = this.#source;
    const opener = new RecordOpener(identity, keys);
    const pins = new PinCheck(identity, pinned);
    for await (const commit of verifyStore(store, identity)) {
      this.#reading = commit;
      this.#parsed = undefined;
      pins.take(commit);
      for (const record of opener.open(commit)) {
        this.#take(record.leaf);
        yield record;
      }
      this.#end = commit.end;
    }
    opener.finish();
    pins.finish(this.#end);
  }

  /**
   * Keeps what a proof of the record that was just handed over will need.
   * @returns its stored bytes
   */
  keep(index: number): Uint8Array {
    this.#kept.set(Math.floor(index / tileLeaves), this.#tile);
    const { firstIndex, records } = this.#commit();
    const stored = records[index - firstIndex];
    if (stored === undefined) throw new RangeError(`record ${index} is not being read`);
    return stored;
  }

  /** Inclusion proof of a kept record in the tree over the whole ledger: siblings, leaf to root. */
  proofOf(index: number): Promise<Uint8Array[]> {
    const ranges = inclusionRanges(index, this.#end.size);
    return this.#tiles.hashesOf(ranges, async (start, end) => this.#leaves(start, end));
  }

  #take(leaf: Uint8Array): void {
    if (this.#tile.length === tileLeaves) this.#tile = [];
    this.#tile.push(leaf);
    this.#tiles.add(leaf);
  }

  /** Only a kept record's own tile is ever asked for: all other ranges are of whole tiles, or at the end. */
  #leaves(start: number, end: number): readonly Uint8Array[] {
    const first = start - (start % tileLeaves);
    const leaves = this.#kept.get(first / tileLeaves);
    if (leaves === undefined) throw new RangeError(`no record of ${start} to ${end} was kept`);
    return leaves.slice(start - first, end - first);
  }

  /** The commit that is being read. It was verified, so it can be parsed. */
  #commit(): ParsedCommit {
    if (this.#reading === undefined) throw new RangeError('nothing has been read');
    this.#parsed ??= parseCommit(this.#reading.bytes, this.#end.size);
    return this.#parsed;
  }
}
