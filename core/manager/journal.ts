import type { LedgerBatch } from '../../ledger/batch.ts';
import type { Draft, LedgerRecord } from '../../ledger/bodies.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { evolve } from '../../projections/evolve.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import type { Signer } from '../../wire/crypto.ts';

/** Facts being put together: the state shows what it will be with them. */
export class Batch {
  readonly #facts: LedgerBatch;
  readonly #first: number;
  #state: VaultState;

  constructor(state: VaultState, facts: LedgerBatch) {
    this.#state = state;
    this.#first = state.size;
    this.#facts = facts;
  }

  /** Time that all of them have, Unix milliseconds. */
  get time(): number {
    return this.#facts.time;
  }

  /** The state with what was added so far, folded from what will be stored, as a replay folds it. */
  get state(): VaultState {
    return this.#state;
  }

  /** What was added so far. */
  get records(): readonly LedgerRecord[] {
    return this.#facts.records;
  }

  /**
   * Adds a fact and returns the index of its record.
   * @throws LedgerError as `LedgerBatch.add`; the batch is as it was then
   */
  add(draft: Draft): number {
    const record = this.#facts.add(draft);
    this.#state = evolve(this.#state, record);
    return record.index;
  }

  /** Leaf (32 bytes) of a record that was added. */
  leafOf(index: number): Uint8Array | undefined {
    return this.#facts.records[index - this.#first]?.leaf;
  }

  /** How many records a scope has with what was added, and the last one's leaf. */
  scopeEnd(scope: string): { index: number; previous: Uint8Array | null } {
    return this.#facts.scopeEnd(scope);
  }

  /**
   * Appends what was added as one commit.
   * @returns when it is durable; rejects when it never will be
   */
  commit(): Promise<void> {
    return this.#facts.commit();
  }
}

/** The ledger and the state that follows from it, moved on together. */
export class Journal {
  readonly #ledger: Ledger;
  #state: VaultState;
  #durable: VaultState;

  constructor(ledger: Ledger, state: VaultState) {
    this.#ledger = ledger;
    this.#state = state;
    this.#durable = state;
  }

  /** Only with what is durable. */
  get durable(): VaultState {
    return this.#durable;
  }

  /** With everything that has its place; what is not durable yet may have no effect. */
  get state(): VaultState {
    return this.#state;
  }

  /** Begins a batch. Nothing else may be committed until it is committed or dropped. */
  begin(): Batch {
    return new Batch(this.#state, this.#ledger.begin());
  }

  /** Begins a batch that is the first of its commit: for a checkpoint. */
  beginCommit(): Batch {
    return new Batch(this.#state, this.#ledger.beginCommit());
  }

  /** Begins a batch with which the ledger's next key takes over. */
  beginRotation(next: Signer): Batch {
    return new Batch(this.#state, this.#ledger.beginRotation(next));
  }

  /**
   * Appends a batch as one commit.
   * @returns when it is durable; rejects when it never will be
   * @throws LedgerError when the ledger is closed; the state stays as it was
   */
  commit(batch: Batch): Promise<void> {
    if (batch.records.length === 0) return this.#ledger.flush();
    const durable = batch.commit();
    const { state } = batch;
    this.#state = state;
    return durable.then(() => {
      this.#durable = state;
    });
  }
}
