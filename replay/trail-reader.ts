import type { CommitStore } from '../ledger/commit-store.ts';
import { type LedgerIdentity, RecordOpener, type ScopeKeys, verifyStore } from '../ledger/reader.ts';
import { type AuditEntry, AuditTrail } from '../projections/audit-trail.ts';

const keptMs = 30_000;

/**
 * The audit trail of a ledger that somebody else may be writing: read from the store when it is
 * asked for, kept for a moment so that the next page costs nothing.
 */
export class TrailReader {
  readonly #store: CommitStore;
  readonly #identity: LedgerIdentity;
  readonly #keys: ScopeKeys;
  #kept: AuditTrail | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: CommitStore, identity: LedgerIdentity, keys: ScopeKeys) {
    this.#store = store;
    this.#identity = identity;
    this.#keys = keys;
  }

  /**
   * Entries from record `from` on, at most `count`, and the count of records behind them. A page
   * from record 0 reads the ledger anew.
   * @throws LedgerError when the ledger is not whole
   */
  async entries(from: number, count: number): Promise<{ entries: AuditEntry[]; cursor: number }> {
    const trail = from === 0 || this.#kept === undefined ? await this.#read() : this.#kept;
    this.#kept = trail;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#kept = undefined;
    }, keptMs).unref();
    return { entries: trail.entries(from, count), cursor: trail.cursor };
  }

  async #read(): Promise<AuditTrail> {
    const trail = new AuditTrail();
    const opener = new RecordOpener(this.#identity, this.#keys);
    for await (const commit of verifyStore(this.#store, this.#identity))
      for (const record of commit.records) trail.fold(opener.open(record));
    return trail;
  }
}
