import type { ChainEnd, LedgerIdentity } from '../ledger/chain-end.ts';
import { type VerifiedRecord, verifyCommit } from '../ledger/commit.ts';
import { claimedPlace, parseCommit } from '../ledger/commit-format.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { equalBytes } from '../wire/bytes.ts';

/** A commit that verifies in one place of a chain. */
export type FittingCommit = {
  /** Where the store has it; more than one, where it has it twice. */
  readonly sequences: readonly number[];
  readonly bytes: Uint8Array;
  readonly records: readonly VerifiedRecord[];
  readonly before: ChainEnd;
  readonly end: ChainEnd;
};

/**
 * Which commits a damaged store still has, found by where each says that it belongs: they may be out of
 * order, doubled, cut or missing, and sequences may have been used twice. What a commit says of itself is
 * believed only once it verifies there. Memory: a number for each commit.
 */
export class StoredPlaces {
  readonly #store: CommitStore;
  readonly #identity: LedgerIdentity;
  /** Sequences by the index of the first record. */
  readonly #sequences = new Map<number, number[]>();
  /** Sequences of commits that are another ledger's. */
  readonly #foreign: number[] = [];
  #last = 0;

  private constructor(store: CommitStore, identity: LedgerIdentity) {
    this.#store = store;
    this.#identity = identity;
  }

  /** Reads a whole store once. */
  static async of(store: CommitStore, identity: LedgerIdentity): Promise<StoredPlaces> {
    const places = new StoredPlaces(store, identity);
    places.#last = await store.last();
    for await (const { sequence, bytes } of store.scan(1)) places.#take(sequence, bytes);
    return places;
  }

  /**
   * The different commits that verify after `before`: one, in a ledger that nobody has forked. Two that
   * lead to one head hold the same records, whatever their bytes.
   */
  async fitting(before: ChainEnd): Promise<readonly FittingCommit[]> {
    const found: FittingCommit[] = [];
    for (const sequence of this.#sequences.get(before.size) ?? []) {
      const bytes = (await this.#store.read(sequence))?.bytes;
      const verified = bytes && unlessFaulty(() => verifyCommit(bytes, this.#identity, before));
      if (bytes === undefined || verified === undefined) continue;
      const same = found.findIndex(({ end }) => equalBytes(end.head, verified.end.head));
      const sequences = [...(found[same]?.sequences ?? []), sequence];
      const commit = { sequences, bytes, before, ...verified };
      if (same < 0) found.push(commit);
      else found[same] = commit;
    }
    return found;
  }

  /**
   * Index of the first record, from `size` on, of which the store has a commit of this ledger, by its own
   * word; `undefined` when it has none.
   * @param damaged - whether a commit that follows this head is only the damaged form of one that is known
   */
  async beyond(
    size: number,
    damaged: (previousHead: Uint8Array) => boolean,
  ): Promise<number | undefined> {
    const later = [...this.#sequences.keys()].filter((index) => index >= size);
    for (const index of later.sort((a, b) => a - b))
      for (const sequence of this.#sequences.get(index) ?? []) {
        const bytes = (await this.#store.read(sequence))?.bytes;
        if (bytes !== undefined && !damaged(claimedPlace(bytes).head)) return index;
      }
    return undefined;
  }

  /**
   * How many commits the store was given after this sequence, by its own word, of which nobody knows
   * what they were: lost, damaged, or signed with a key that is not known.
   * @param known - sequences of those that are
   */
  unknownAfter(sequence: number, known: readonly number[]): number {
    const others = [...this.#foreign, ...known].filter((one) => one > sequence);
    return Math.max(0, this.#last - sequence - others.length);
  }

  #take(sequence: number, bytes: Uint8Array): void {
    this.#last = Math.max(this.#last, sequence);
    const commit = unlessFaulty(() => parseCommit(bytes, 0));
    if (commit === undefined) return;
    if (!equalBytes(commit.ledgerId, this.#identity.id)) this.#foreign.push(sequence);
    else
      this.#sequences.set(commit.firstIndex, [
        ...(this.#sequences.get(commit.firstIndex) ?? []),
        sequence,
      ]);
  }
}

function unlessFaulty<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}
