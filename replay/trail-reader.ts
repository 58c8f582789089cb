import type { LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import type { ScopeKeys } from '../ledger/record-opener.ts';
import type { AuditEntry } from '../projections/audit-entry.ts';
import { AuditTrail } from '../projections/audit-trail.ts';
import { history } from './history.ts';

const keptMs = 30_000;
/** A page has to fit into one sealed event. */
const pageBytesMax: number = 64 * 1024;

/** Some entries of the trail, and where the next page begins. */
export type TrailPage = {
  readonly entries: readonly AuditEntry[];
  /** Record that the next page begins at; null after the last. */
  readonly next: number | null;
  /** Count of records behind the trail. */
  readonly cursor: number;
};

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
   * Entries from record `from` on, as many as one answer holds, `count` at most. A page from record 0
   * reads the ledger anew.
   * @throws LedgerError when the ledger is not whole
   */
  async page(from: number, count: number): Promise<TrailPage> {
    const trail = from === 0 || this.#kept === undefined ? await this.#read() : this.#kept;
    this.#kept = trail;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#kept = undefined;
    }, keptMs).unref();
    const found = trail.entries(from, count + 1);
    const entries = fitting(found.slice(0, count));
    return { entries, next: found[entries.length]?.record ?? null, cursor: trail.cursor };
  }

  /** Every entry. */
  async all(): Promise<{ entries: readonly AuditEntry[]; cursor: number }> {
    const trail = await this.#read();
    return { entries: trail.entries(), cursor: trail.cursor };
  }

  async #read(): Promise<AuditTrail> {
    const trail = new AuditTrail();
    for await (const record of history(this.#store, this.#identity, this.#keys)) trail.fold(record);
    return trail;
  }
}

/** The first entries, one at least, that fit into a page. */
function fitting(entries: readonly AuditEntry[]): AuditEntry[] {
  let bytes = 0;
  const out: AuditEntry[] = [];
  for (const entry of entries) {
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (out.length > 0 && bytes > pageBytesMax) break;
    out.push(entry);
  }
  return out;
}
