import type { LedgerRecord } from '../ledger/bodies.ts';
import type { ErasureTarget } from '../ledger/upkeep-bodies.ts';
import { type AuditEntry, blankEntry } from './audit-entry.ts';
import { begun, consented, decided, factEntry, handled, requestEntry } from './entry-of-record.ts';
import { evolve } from './evolve.ts';
import { emptyState, eventKey, type VaultState } from './vault-state.ts';

const ownKinds: ReadonlySet<string> = new Set([
  'genesis',
  'opened',
  'closed',
  'invited',
  'requested',
  'connected',
  'credential_renewed',
  'declined',
  'severed',
  'contract_offered',
  'contract_accepted',
  'contract_rejected',
  'aggregate',
  'checkpoint',
  'erased',
  'rotated',
  'retired',
  'keys_known',
  'rekeyed',
  'presented',
  'moved',
  'servers_known',
  'granted',
  'remembered',
  'rule_revoked',
  'dial_prepared',
  'dial_granted',
  'peer_moved',
  'shared',
  'peer_answered',
  'notified',
  'agent_granted',
  'agent_refused',
]);

/** Kind of an entry of which nothing is left but that it was there. */
const erasedKind = 'erased entry';

/** The audit trail: a fold over every record of the ledger, in order. */
export class AuditTrail {
  readonly #entries = new Map<number, AuditEntry>();
  /** Record index of the entry of each event, and of each message in the outbox. */
  readonly #byEvent = new Map<string, number>();
  readonly #byMessage = new Map<string, number>();
  /** The same of each decision about an event that came under the id of another. */
  readonly #byRepeated = new Map<number, number>();
  /** Records that are checkpoints, in order. */
  readonly #checkpoints: number[] = [];
  #state: VaultState = emptyState;

  /** Count of records folded: the cursor. */
  get cursor(): number {
    return this.#state.size;
  }

  /** Entries in the order of their records, from record `from` on, at most `count`. */
  entries(from = 0, count: number = Number.POSITIVE_INFINITY): AuditEntry[] {
    const out: AuditEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.record < from) continue;
      if (out.length >= count) break;
      out.push({ ...entry, checkpoint: this.#coveredBy(entry.record) });
    }
    return out;
  }

  /** Takes one more record. */
  fold(record: LedgerRecord): void {
    const before = this.#state;
    this.#state = evolve(before, record);
    switch (record.kind) {
      case 'received':
        this.#begin(requestEntry(before, record));
        this.#name(eventKey(record.body.connection, record.body.id), record.index);
        return;
      case 'decided':
        this.#decided(record);
        return;
      case 'consented':
        this.#change(record.body.request, (entry) => consented(entry, record));
        return;
      case 'handled':
        this.#change(record.body.request, (entry) => handled(entry, record));
        return;
      case 'expired':
        this.#change(record.body.request, (entry) => ({
          ...entry,
          decision: 'expired',
          reason: record.body.reason,
          decided_at: record.time,
          decided_by: 'rule',
        }));
        return;
      case 'queued':
        this.#queued(record);
        return;
      case 'sent':
        for (const id of record.body.ids) this.#sent(id, record.time);
        return;
      case 'tombstone':
        if (record.body.was === 'received' || ownKinds.has(record.body.was))
          this.#begin({ ...blankEntry, ...begun(before, record), kind: erasedKind });
        return;
      case 'erased':
        this.#forget(record.body.what);
        this.#begin(factEntry(this.#state, record));
        return;
      case 'checkpoint':
        this.#checkpoints.push(record.index);
        this.#begin(factEntry(this.#state, record));
        return;
      default:
        if (ownKinds.has(record.kind)) this.#begin(factEntry(this.#state, record));
    }
  }

  #coveredBy(record: number): number | null {
    let [low, high] = [0, this.#checkpoints.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#checkpoints[middle] ?? 0) > record) high = middle;
      else low = middle + 1;
    }
    return this.#checkpoints[low] ?? null;
  }

  /** The entries of a connection that is erased: the same, whether their records are still there or not. */
  #forget({ kind, name }: ErasureTarget): void {
    if (kind !== 'connection') return;
    for (const entry of this.#entries.values()) {
      const { record, leaf, time, measurement, connection } = entry;
      if (connection !== name) continue;
      this.#begin({ ...blankEntry, record, leaf, kind: erasedKind, time, measurement });
    }
  }

  #begin(entry: AuditEntry): void {
    this.#entries.set(entry.record, entry);
  }

  /** An event under the id of an earlier one does not take its place. */
  #name(key: string, index: number): void {
    if (!this.#byEvent.has(key) || this.#state.requests.get(key)?.index === index)
      this.#byEvent.set(key, index);
  }

  #decided(record: Extract<LedgerRecord, { kind: 'decided' }>): void {
    const { request, again } = record.body;
    const named = this.#byEvent.get(request);
    const index = again ? named : record.cause;
    if (index !== named && index !== undefined) this.#byRepeated.set(record.index, index);
    this.#changeAt(index, (entry) => decided(entry, record));
  }

  #change(request: string, change: (entry: AuditEntry) => AuditEntry): void {
    this.#changeAt(this.#byEvent.get(request), change);
  }

  #changeAt(index: number | undefined, change: (entry: AuditEntry) => AuditEntry): void {
    const entry = index === undefined ? undefined : this.#entries.get(index);
    if (entry !== undefined) this.#entries.set(entry.record, change(entry));
  }

  #queued({ body, cause }: Extract<LedgerRecord, { kind: 'queued' }>): void {
    const { id, answers } = body;
    const index =
      answers === undefined ? this.#byRepeated.get(cause ?? -1) : this.#byEvent.get(answers);
    if (index !== undefined) this.#byMessage.set(id, index);
  }

  #sent(id: string, time: number): void {
    const index = this.#byMessage.get(id);
    this.#byMessage.delete(id);
    const entry = index === undefined ? undefined : this.#entries.get(index);
    if (entry !== undefined && entry.decision !== 'pending')
      this.#entries.set(entry.record, { ...entry, responded_at: time });
  }
}
