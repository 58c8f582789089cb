import type { Draft, LedgerRecord } from '../../ledger/bodies.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { evolve } from '../../projections/evolve.ts';
import type { VaultState } from '../../projections/vault-state.ts';

const noLeaf = new Uint8Array(32);

/** Facts being put together: the state shows what it would be with them. */
export class Batch {
  /** Time that all of them will have, Unix milliseconds. */
  readonly time: number;
  readonly #first: number;
  readonly #drafts: Draft[] = [];
  #state: VaultState;

  constructor(state: VaultState, first: number, time: number) {
    this.#state = state;
    this.#first = first;
    this.time = time;
  }

  /** The state with what was added so far. */
  get state(): VaultState {
    return this.#state;
  }

  /** What was added so far. */
  get drafts(): readonly Draft[] {
    return this.#drafts;
  }

  /** Adds a fact and returns the index that its record will have. */
  add(draft: Draft): number {
    const index = this.#first + this.#drafts.length;
    this.#drafts.push(draft);
    const record: LedgerRecord = { ...draft, index, time: this.time, leaf: noLeaf, scopeIndex: 0 };
    this.#state = evolve(this.#state, record);
    return index;
  }
}

/** The ledger and the state that follows from it, moved on together. */
export class Journal {
  readonly #ledger: Ledger;
  #state: VaultState;

  constructor(ledger: Ledger, state: VaultState) {
    this.#ledger = ledger;
    this.#state = state;
  }

  /** With everything that has its place; what is not durable yet may have no effect. */
  get state(): VaultState {
    return this.#state;
  }

  /** Begins a batch. Nothing else may be committed until it is committed or dropped. */
  begin(): Batch {
    return new Batch(this.#state, this.#ledger.nextIndex, this.#ledger.time());
  }

  /**
   * Appends a batch as one commit.
   * @returns when it is durable; rejects when it never will be
   * @throws LedgerError when the ledger is closed; the state stays as it was
   */
  commit(batch: Batch): Promise<void> {
    if (batch.drafts.length === 0) return this.#ledger.flush();
    const { records, durable } = this.#ledger.append(batch.drafts, batch.time);
    // Folded from what is stored, as a replay will fold it, and not from the drafts.
    this.#state = records.reduce(evolve, this.#state);
    return durable;
  }
}
