import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Check } from '../ledger/decision.ts';
import { toHex } from '../wire/bytes.ts';
import { isMap } from '../wire/event.ts';
import { keyId } from '../wire/key-encapsulation.ts';
import { evolve } from './evolve.ts';
import { type Connection, emptyState, eventKey, type VaultState } from './vault-state.ts';

/** How a request ended, or where it stands. */
export type EntryDecision = 'approved' | 'denied' | 'pending' | 'expired' | 'failed' | 'recorded';

/**
 * One line of the audit trail: a request and whatever came of it, or another fact that the owner
 * should be able to see. Names, never values. Times are Unix milliseconds.
 */
export type AuditEntry = {
  /** Index and leaf (hex) of the record that began it: checkable against the chain. */
  readonly record: number;
  readonly leaf: string;
  /** `request`, or the kind of the record. */
  readonly kind: string;
  readonly time: number;
  readonly subject: string | null;
  readonly event: string | null;
  readonly type: string | null;
  readonly correlation: string | null;
  readonly connection: string | null;
  readonly connection_kind: string | null;
  readonly party: string | null;
  readonly name: string | null;
  /** Id of the key that the signature verified under, hex; null when it did not. */
  readonly key_id: string | null;
  readonly contract_id: string | null;
  readonly contract_version: number | null;
  readonly contract_hash: string | null;
  readonly fields_asked: readonly string[];
  readonly fields_provided: readonly string[];
  readonly purpose: string | null;
  /** `field=tier` for each field asked for. */
  readonly tiers: readonly string[];
  readonly decision: EntryDecision;
  readonly reason: string | null;
  readonly detail: string | null;
  /** `rule`, or `owner:` and the id of the device key. */
  readonly decided_by: string | null;
  readonly consent_asked_at: number | null;
  readonly consent_decided_at: number | null;
  readonly decided_at: number | null;
  readonly responded_at: number | null;
  readonly handler: string | null;
  readonly handler_version: string | null;
  readonly handler_digest: string | null;
  readonly handler_ms: number | null;
  readonly handler_code: string | null;
  /** SHA-256 of the signed event, hex; its id holds 74 random bits, so that no dictionary opens it. */
  readonly commitment: string | null;
  readonly measurement: string;
  readonly checks: readonly Check[];
};

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
]);

/** The audit trail: a fold over every record of the ledger, in order. */
export class AuditTrail {
  readonly #entries = new Map<number, AuditEntry>();
  /** Record index of the entry of each event, and of each message in the outbox. */
  readonly #byEvent = new Map<string, number>();
  readonly #byMessage = new Map<string, number>();
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
      out.push(entry);
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
        this.#byEvent.set(eventKey(record.body.connection, record.body.id), record.index);
        return;
      case 'decided':
        this.#change(record.body.request, (entry) => decided(entry, record));
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
        this.#queued(record.body.id, record.body.answers);
        return;
      case 'sent':
        for (const id of record.body.ids) this.#sent(id, record.time);
        return;
      default:
        if (ownKinds.has(record.kind)) this.#begin(factEntry(before, record));
    }
  }

  #begin(entry: AuditEntry): void {
    this.#entries.set(entry.record, entry);
  }

  #change(request: string, change: (entry: AuditEntry) => AuditEntry): void {
    const index = this.#byEvent.get(request);
    const entry = index === undefined ? undefined : this.#entries.get(index);
    if (entry !== undefined) this.#entries.set(entry.record, change(entry));
  }

  #queued(id: string, answers: string | undefined): void {
    const index = answers === undefined ? undefined : this.#byEvent.get(answers);
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

const blank: Omit<AuditEntry, 'record' | 'leaf' | 'kind' | 'time' | 'measurement'> = {
  subject: null,
  event: null,
  type: null,
  correlation: null,
  connection: null,
  connection_kind: null,
  party: null,
  name: null,
  key_id: null,
  contract_id: null,
  contract_version: null,
  contract_hash: null,
  fields_asked: [],
  fields_provided: [],
  purpose: null,
  tiers: [],
  decision: 'recorded',
  reason: null,
  detail: null,
  decided_by: null,
  consent_asked_at: null,
  consent_decided_at: null,
  decided_at: null,
  responded_at: null,
  handler: null,
  handler_version: null,
  handler_digest: null,
  handler_ms: null,
  handler_code: null,
  commitment: null,
  checks: [],
};

function requestEntry(
  state: VaultState,
  record: Extract<LedgerRecord, { kind: 'received' }>,
): AuditEntry {
  const { body } = record;
  const connection = state.connections.get(body.connection);
  const payload = body.event?.payload;
  const purpose = isMap(payload) ? payload['purpose'] : undefined;
  return {
    ...blank,
    ...begun(state, record),
    kind: 'request',
    ...connectionColumns(connection),
    subject: body.subject,
    event: body.id === '' ? null : body.id,
    type: body.event?.type ?? null,
    correlation: body.event?.cause ?? null,
    key_id: verifiedKey(connection, body.signature?.valid === true),
    purpose: typeof purpose === 'string' ? purpose : null,
    commitment: toHex(body.digest),
    decision: 'pending',
  };
}

function factEntry(state: VaultState, record: LedgerRecord): AuditEntry {
  const body = record.body as { connection?: string; counts?: unknown };
  const connection =
    body.connection === undefined ? undefined : state.connections.get(body.connection);
  const detail = body.counts === undefined ? null : JSON.stringify(plainCounts(record));
  return {
    ...blank,
    ...begun(state, record),
    ...connectionColumns(connection),
    connection: body.connection ?? null,
    detail,
  };
}

function plainCounts(record: LedgerRecord): unknown {
  if (record.kind !== 'aggregate') return null;
  return record.body.counts.map(({ type, reason, count }) => ({ type, reason, count }));
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

function verifiedKey(connection: Connection | undefined, valid: boolean): string | null {
  const key = connection?.keys?.signing;
  return valid && key !== undefined ? toHex(keyId(key)) : null;
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
    detail: body.detail ?? null,
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
