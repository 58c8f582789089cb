import type { Signer } from '../wire/crypto.ts';
import type { ChainEnd, LedgerIdentity } from './chain-end.ts';
import {
  commitBytesMax,
  commitOverheadBytes,
  commitRecordsMax,
  encodeCommit,
} from './commit-format.ts';
import type { CommitStore } from './commit-store.ts';
import { LedgerError } from './errors.ts';
import type { PlacedRotation } from './rotation.ts';
import { settleAppend } from './settle-append.ts';

/** A key that takes over, and what the one before has signed for it. */
export type Handover = { readonly signer: Signer; readonly rotation: PlacedRotation };

/** Facts that stand or fall together, in their places. */
export type Group = {
  /** Stored bytes of each record. */
  readonly stored: readonly Uint8Array[];
  /** What they take in a commit. */
  readonly bytes: number;
  /** End of the chain with them. */
  readonly end: ChainEnd;
  /** Nothing stands before them in their commit. */
  readonly first: boolean;
  /** The key that takes over with these facts: they have a commit of their own. */
  readonly next: Handover | undefined;
};

type Waiting = Group & {
  readonly settle: { resolve: () => void; reject: (error: LedgerError) => void };
};

/**
 * Writes groups of facts, in their order, as few commits: while one is in flight the next one fills. The
 * first commit that fails closes it for good, and what waits is never written.
 */
export class CommitWriter {
  readonly #store: CommitStore;
  readonly #identity: LedgerIdentity;
  readonly #waiting: Waiting[] = [];
  /** Signs the next commit. */
  #signer: Signer;
  #end: ChainEnd;
  #sequence: number;
  #pumping: Promise<void> | undefined;
  #closed: LedgerError | undefined;

  /** @param sequence - of the last commit, which ends at `end` */
  constructor(
    { store, identity }: { readonly store: CommitStore; readonly identity: LedgerIdentity },
    signer: Signer,
    end: ChainEnd,
    sequence: number,
  ) {
    this.#store = store;
    this.#identity = identity;
    this.#signer = signer;
    this.#end = end;
    this.#sequence = sequence;
  }

  /** End of what is durable. */
  get end(): ChainEnd {
    return this.#end;
  }

  /** Why nothing is written any more; `undefined` while something can be. */
  get closed(): LedgerError | undefined {
    return this.#closed;
  }

  /** Resolves when the group is durable; rejects with what closed the writer when it never will be. */
  add(group: Group): Promise<void> {
    const { stored, bytes, end, first, next } = group;
    const durable = new Promise<void>((resolve, reject) => {
      // A literal: spreading costs more than the rest of this function.
      this.#waiting.push({ stored, bytes, end, first, next, settle: { resolve, reject } });
    });
    durable.catch(ignore);
    this.#pumping ??= this.#pump();
    return durable;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
  }

  /** Writes nothing more. What is in flight may still become durable. */
  close(error: LedgerError): void {
    this.#closed ??= error;
    for (const group of this.#waiting.splice(0)) group.settle.reject(this.#closed);
  }

  /** Writes groups until none is left. One commit is in flight at a time. */
  async #pump(): Promise<void> {
    // Facts appended in the same turn of the event loop share the first commit.
    await Promise.resolve();
    while (this.#closed === undefined && this.#waiting.length > 0) {
      const groups = this.#next();
      try {
        await this.#write(groups);
        for (const group of groups) group.settle.resolve();
      } catch (error) {
        const failure = asLedgerError(error);
        this.close(failure);
        for (const group of groups) group.settle.reject(failure);
      }
    }
    this.#pumping = undefined;
  }

  /** As many whole groups as one commit holds. */
  #next(): Waiting[] {
    let bytes = commitOverheadBytes;
    let records = 0;
    let count = 0;
    for (const group of this.#waiting) {
      bytes += group.bytes;
      records += group.stored.length;
      if (count > 0 && (group.first || bytes > commitBytesMax || records > commitRecordsMax)) break;
      count += 1;
      if (group.next !== undefined) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(groups: readonly Waiting[]): Promise<void> {
    const before = this.#end;
    const { end = before, next } = groups.at(-1) ?? {};
    const bytes = encodeCommit({
      signer: next?.signer ?? this.#signer,
      ledgerId: this.#identity.id,
      before,
      records: groups.flatMap((group) => group.stored),
      head: end.head,
      ...(next === undefined ? {} : { rotation: next.rotation }),
    });
    await settleAppend(this.#store, bytes, this.#sequence);
    this.#sequence += 1;
    this.#end = end;
    this.#signer = next?.signer ?? this.#signer;
  }
}

/** Whoever waits for the group hears of its failure; nobody has to. */
function ignore(): void {
  return;
}

function asLedgerError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  return new LedgerError('STORE_UNAVAILABLE', 'the ledger cannot be written', { cause: error });
}
