import type { ErasureTarget, LedgerRecord, ReceivedEvent } from '../ledger/bodies.ts';
import { fromBase64url, toHex } from '../wire/bytes.ts';
import { isMap } from '../wire/event.ts';
import { keyId } from '../wire/key-encapsulation.ts';
import { type AuditEntry, blankEntry } from './audit-entry.ts';
import { evolve } from './evolve.ts';
import { type Connection, emptyState, eventKey, type VaultState } from './vault-state.ts';

const ownKinds: ReadonlySet<string> = new Set([
  'genesis',
  'opened',
  'closed',
  'invited',
  'requested',
  'connected',
  'declined',
  'severed',
  'aggregate',
  'checkpoint',
  'erased',
  'rotated',
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

function requestEntry(
  state: VaultState,
  record: Extract<LedgerRecord, { kind: 'received' }>,
): AuditEntry {
  const { body } = record;
  const connection = state.connections.get(body.connection);
  const payload = body.event?.payload;
  const purpose = isMap(payload) ? payload['purpose'] : undefined;
  return {
    ...blankEntry,
    ...begun(state, record),
    kind: 'request',
    ...connectionColumns(connection),
    subject: body.subject,
    event: body.id === '' ? null : body.id,
    type: body.event?.type ?? null,
    correlation: body.event?.cause ?? null,
    key_id: verifiedKey(body, connection),
    purpose: typeof purpose === 'string' ? purpose : null,
    commitment: toHex(body.digest),
    detail: storedField(body),
    decision: 'pending',
  };
}

function factEntry(state: VaultState, record: LedgerRecord): AuditEntry {
  const body = record.body as { connection?: string };
  const connection =
    body.connection === undefined ? undefined : state.connections.get(body.connection);
  return {
    ...blankEntry,
    ...begun(state, record),
    ...connectionColumns(connection),
    connection: body.connection ?? null,
    detail: factDetail(record),
  };
}

function factDetail(record: LedgerRecord): string | null {
  switch (record.kind) {
    case 'aggregate': {
      const counts = record.body.counts.map(({ type, reason, count }) => ({ type, reason, count }));
      return JSON.stringify(counts);
    }
    case 'erased': {
      const { kind, name } = record.body.what;
      return kind === 'outbox' ? 'old answers' : `${kind} ${name}`;
    }
    case 'rotated':
      return record.body.purpose;
    default:
      return null;
  }
}

function begun(
  state: VaultState,
  { index, leaf, kind, time }: LedgerRecord,
): Pick<AuditEntry, 'record' | 'leaf' | 'kind' | 'time' | 'measurement'> {
  return { record: index, leaf: toHex(leaf), kind, time, measurement: state.measurement };
}

function connectionColumns(connection: Connection | undefined): Partial<AuditEntry> {
  if (connection === undefined) return {};
  const { id, kind, party, name, contract, contractHash } = connection;
  return {
    connection: id,
    connection_kind: kind,
    party,
    name,
    contract_id: contract?.contract.id ?? null,
    contract_version: contract?.contract.version ?? null,
    contract_hash: contractHash ?? null,
  };
}

/** Name of the field that the owner stores. */
function storedField({ event }: ReceivedEvent): string | null {
  if (event?.type !== 'owner.set' || !isMap(event.payload)) return null;
  const { field } = event.payload;
  return typeof field === 'string' ? field : null;
}

/** A party that asks to connect signs with the key that it brings. */
function verifiedKey(body: ReceivedEvent, connection: Connection | undefined): string | null {
  if (body.signature?.valid !== true) return null;
  const payload = body.event?.payload;
  const brought = isMap(payload) ? payload['signing'] : undefined;
  const own = connection?.keys?.signing;
  if (own === undefined && typeof brought === 'string') return toHex(keyId(fromBase64url(brought)));
  return own === undefined ? null : toHex(keyId(own));
}

function decided(
  entry: AuditEntry,
  { body, time }: Extract<LedgerRecord, { kind: 'decided' }>,
): AuditEntry {
  const tiers = body.checks.find(({ check }) => check === 'tier')?.inputs['tiers'];
  const listed = isMap(tiers as never) ? Object.entries(tiers as Record<string, unknown>) : [];
  const outcome = { allowed: 'approved', denied: 'denied', pending: 'pending' } as const;
  return {
    ...entry,
    decision: outcome[body.outcome],
    reason: body.reason ?? null,
    detail: body.detail ?? entry.detail,
    decided_by: entry.decided_by ?? 'rule',
    decided_at: time,
    consent_asked_at: body.outcome === 'pending' ? time : entry.consent_asked_at,
    fields_asked: body.facts.fields ?? entry.fields_asked,
    tiers: listed.length === 0 ? entry.tiers : listed.map(([name, tier]) => `${name}=${tier}`),
    checks: body.again ? [...entry.checks, ...body.checks] : body.checks,
  };
}

function consented(
  entry: AuditEntry,
  { body, time }: Extract<LedgerRecord, { kind: 'consented' }>,
): AuditEntry {
  const denied = body.outcome === 'denied';
  return {
    ...entry,
    decision: denied ? 'denied' : 'approved',
    reason: denied ? 'consent_denied' : null,
    decided_by: `owner:${body.device}`,
    decided_at: time,
    consent_decided_at: time,
  };
}

function handled(
  entry: AuditEntry,
  { body }: Extract<LedgerRecord, { kind: 'handled' }>,
): AuditEntry {
  return {
    ...entry,
    decision: body.code === 'ok' ? entry.decision : body.code === 'dropped' ? 'denied' : 'failed',
    reason: body.reason ?? entry.reason,
    detail: body.detail ?? entry.detail,
    fields_provided: body.provided,
    handler: body.handler.name,
    handler_version: body.handler.version,
    handler_digest: body.handler.digest,
    handler_ms: body.durationMs,
    handler_code: body.code,
  };
}
