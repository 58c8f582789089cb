import { type ChainEnd, emptyChain, type LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { PinCheck, type Pinned } from '../ledger/pinned.ts';
import { type VerifiedCommit, verifyStore } from '../ledger/reader.ts';
import { equalBytes, toHex } from '../wire/bytes.ts';
import { type FittingCommit, StoredPlaces } from './stored-places.ts';

/** What a ledger is healed from. */
export type HealParts = {
  readonly identity: LedgerIdentity;
  /** The damaged ledger; `undefined` when nothing of it can be read. */
  readonly local: CommitStore | undefined;
  /** A copy of it: a mirror, or an export. What of it verifies is taken, and no more. */
  readonly source: CommitStore;
  /** Checkpoints of the ledger that are kept elsewhere. */
  readonly pinned: readonly Pinned[];
};

/** A commit of the healed ledger. */
export type HealedCommit = Omit<FittingCommit, 'sequences'> & {
  /** Where the damaged ledger has it; nowhere, when it comes from the copy. */
  readonly kept: readonly number[];
};

/** One of two histories. */
export type Branch = {
  readonly of: 'ledger' | 'copy';
  /** How far it goes, as far as it verifies. */
  readonly records: number;
  /** Chain head after its last record, hex. */
  readonly head: string;
};

/** How a healing ends. */
export type Ending =
  | {
      readonly kind: 'whole';
      readonly end: ChainEnd;
      readonly commits: number;
      /** How many of them the damaged ledger does not have. */
      readonly taken: number;
      /** Scopes of its records. */
      readonly scopes: ReadonlySet<string>;
    }
  /** Both verify, and differ from this record on. Nobody can say here which is the true one. */
  | {
      readonly kind: 'forked';
      readonly index: number;
      readonly branches: readonly [Branch, Branch];
    }
  /** Something is known to have followed that neither has. */
  | { readonly kind: 'short'; readonly records: number; readonly why: string };

/**
 * The healed ledger, commit by commit: those of the copy and those of the damaged ledger, each taken only
 * if it verifies after the ones before, by signature and chain. Where both have one that verifies, both have
 * to lead to the same head. Nothing is guessed, and nothing is left out that is known to have been there.
 * @returns how it ended; only after `whole` are the commits good for anything
 * @throws LedgerError FORKED, ROLLED_BACK, PIN_INVALID when a pin has seen something else; STORE_UNAVAILABLE
 */
export async function* healed(parts: HealParts): AsyncGenerator<HealedCommit, Ending> {
  const healing = await Healing.begin(parts);
  return yield* healing.commits();
}

class Healing {
  readonly #parts: HealParts;
  readonly #places: StoredPlaces | undefined;
  readonly #pins: PinCheck;
  readonly #scopes = new Set<string>();
  #end: ChainEnd;
  #commits = 0;
  /** Heads, hex, before the commits that the damaged ledger does not have. */
  readonly #taken = new Set<string>();
  /** Sequences of the damaged ledger whose commits are in the healed one. */
  readonly #known: number[] = [];
  /** The last commit that the damaged ledger has: its sequence, and how many commits there are with it. */
  #latest = { sequence: 0, commits: 0 };

  private constructor(parts: HealParts, places: StoredPlaces | undefined) {
    this.#parts = parts;
    this.#places = places;
    this.#pins = new PinCheck(parts.identity, parts.pinned);
    this.#end = emptyChain(parts.identity);
  }

  static async begin(parts: HealParts): Promise<Healing> {
    const { local, identity } = parts;
    return new Healing(parts, local && (await StoredPlaces.of(local, identity)));
  }

  async *commits(): AsyncGenerator<HealedCommit, Ending> {
    const copy = whatVerifies(this.#parts.source, this.#parts.identity);
    for await (const commit of copy) {
      const own = await this.#own();
      const other = own.find(({ end }) => !equalBytes(end.head, commit.end.head));
      if (other !== undefined)
        return this.#forked(await this.#follow(other), await followCopy(commit, copy));
      yield this.#take({ ...commit, kept: own[0]?.sequences ?? [] });
    }
    for (let own = await this.#own(); own.length > 0; own = await this.#own()) {
      const [commit, other] = own;
      if (commit !== undefined && other !== undefined)
        return this.#forked(await this.#follow(commit), await this.#follow(other));
      if (commit !== undefined) yield this.#take({ ...commit, kept: commit.sequences });
    }
    return this.#ending();
  }

  /** Commits of the damaged ledger that verify where the healed one stands. */
  async #own(): Promise<readonly FittingCommit[]> {
    return (await this.#places?.fitting(this.#end)) ?? [];
  }

  #take(commit: HealedCommit): HealedCommit {
    const { records, before, end, kept } = commit;
    this.#pins.take({ records, before, end });
    for (const { header } of records) this.#scopes.add(header.scope);
    this.#end = end;
    this.#commits += 1;
    const sequence = kept.at(-1);
    if (sequence === undefined) this.#taken.add(toHex(before.head));
    else this.#latest = { sequence, commits: this.#commits };
    this.#known.push(...kept);
    return commit;
  }

  async #ending(): Promise<Ending> {
    const end = this.#end;
    const short = (why: string): Ending => ({ kind: 'short', records: end.size, why });
    if (end.size === 0) return short('neither has a record of this ledger');
    const beyond = await this.#places?.beyond(end.size, (head) => this.#taken.has(toHex(head)));
    if (beyond !== undefined)
      return short(`the ledger goes on at record ${beyond}, and neither has what is between`);
    const { sequence, commits: before } = this.#latest;
    const unknown = this.#places?.unknownAfter(sequence, this.#known) ?? 0;
    const missing = unknown - (this.#commits - before);
    if (missing > 0)
      return short(`the store was given ${missing} more commits, and neither has them`);
    this.#pins.finish(end);
    const counts = { commits: this.#commits, taken: this.#taken.size };
    return { kind: 'whole', end, ...counts, scopes: this.#scopes };
  }

  /** How far the damaged ledger goes on with this commit. */
  async #follow(commit: FittingCommit): Promise<Branch> {
    let { end } = commit;
    for (;;) {
      const [next] = (await this.#places?.fitting(end)) ?? [];
      if (next === undefined) return { of: 'ledger', records: end.size, head: toHex(end.head) };
      end = next.end;
    }
  }

  #forked(...branches: [Branch, Branch]): Ending {
    return { kind: 'forked', index: this.#end.size, branches };
  }
}

/** The commits of a copy as far as they verify. */
async function* whatVerifies(
  source: CommitStore,
  identity: LedgerIdentity,
): AsyncGenerator<VerifiedCommit> {
  try {
    yield* verifyStore(source, identity);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === 'STORE_UNAVAILABLE') throw error;
  }
}

async function followCopy(
  commit: VerifiedCommit,
  copy: AsyncGenerator<VerifiedCommit>,
): Promise<Branch> {
  let { end } = commit;
  for (let next = await copy.next(); next.done !== true; next = await copy.next())
    end = next.value.end;
  return { of: 'copy', records: end.size, head: toHex(end.head) };
}
