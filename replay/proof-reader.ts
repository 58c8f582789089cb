import type { LedgerRecord } from '../ledger/bodies.ts';
import { type ChainEnd, emptyChain, type LedgerIdentity } from '../ledger/chain-end.ts';
import { type ParsedCommit, parseCommit } from '../ledger/commit-format.ts';
import type { CommitStore, StoredCommit } from '../ledger/commit-store.ts';
import { inclusionRanges } from '../ledger/proofs.ts';
import { type VerifiedCommit, verifyStore } from '../ledger/reader.ts';
import { RecordOpener, type ScopeKeys } from '../ledger/record-opener.ts';
import type { Rotation } from '../ledger/rotation.ts';
import { Tiles, tileLeaves } from '../ledger/tiles.ts';

/** A ledger to read, and the keys that open it. */
export type LedgerSource = {
  readonly store: CommitStore;
  readonly identity: LedgerIdentity;
  readonly keys: ScopeKeys;
};

/** A change of the ledger's key, where it stands. */
export type PlacedRotation = Rotation & {
  /** First record that the new key signs, and the chain head before it (32 bytes). */
  readonly index: number;
  readonly head: Uint8Array;
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
  readonly #rotations: PlacedRotation[] = [];
  /** Leaves of the tile that is being read. */
  #tile: Uint8Array[] = [];
  #given: StoredCommit | undefined;
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

  /** The changes of its key so far, in order. */
  get rotations(): readonly PlacedRotation[] {
    return this.#rotations;
  }

  /**
   * Every record in order, verified and opened. Iterate it once, to its end.
   * @throws LedgerError when the ledger is not whole
   */
  async *records(): AsyncGenerator<LedgerRecord> {
    const { store, identity, keys } = this.#source;
    const opener = new RecordOpener(identity, keys);
    for await (const commit of verifyStore(this.#watched(store), identity)) {
      this.#parsed = undefined;
      this.#noteRotation(commit);
      for (const record of opener.open(commit)) {
        this.#take(record.leaf);
        yield record;
      }
      this.#end = commit.end;
    }
    opener.finish();
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

  #noteRotation({ before, end }: VerifiedCommit): void {
    if (end.keys.length === before.keys.length) return;
    const { rotation } = this.#commit();
    if (rotation === undefined) throw new Error('a key has changed without a rotation');
    this.#rotations.push({ ...rotation, index: before.size, head: before.head });
  }

  /** The commit that is being read. It was verified, so it can be parsed. */
  #commit(): ParsedCommit {
    if (this.#given === undefined) throw new RangeError('nothing has been read');
    this.#parsed ??= parseCommit(this.#given.bytes, this.#end.size);
    return this.#parsed;
  }

  #watched(store: CommitStore): CommitStore {
    const scan = (sequence: number): AsyncIterable<StoredCommit> => this.#scan(store, sequence);
    return {
      append: (bytes, expectedLast, id) => store.append(bytes, expectedLast, id),
      read: (sequence) => store.read(sequence),
      last: () => store.last(),
      scan,
    };
  }

  async *#scan(store: CommitStore, sequence: number): AsyncIterable<StoredCommit> {
    for await (const commit of store.scan(sequence)) {
      this.#given = commit;
      yield commit;
    }
  }
}
