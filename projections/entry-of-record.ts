import type { LedgerRecord, ReceivedEvent } from '../ledger/bodies.ts';
import type { EntryAsked } from '../ledger/decision.ts';
import { fromBase64url, toHex } from '../wire/bytes.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import { timeWords } from '../wire/contract-words.ts';
import { isMap } from '../wire/event.ts';
import { keyId } from '../wire/key-encapsulation.ts';
import { targetMax } from '../wire/target.ts';
import { type AuditEntry, blankEntry } from './audit-entry.ts';
import type { Connection, VaultState } from './vault-state.ts';

/** The entry that an event begins. */
export function requestEntry(
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
    target: targetSaid(connection, body),
    commitment: toHex(body.digest),
    detail: storedField(body),
    decision: 'pending',
  };
}

/** Domain that an agent's request names; of a text that is too long for one, no more than one has. */
function targetSaid(connection: Connection | undefined, { event }: ReceivedEvent): string | null {
  const payload = event?.payload;
  if (connection?.kind !== 'agent' || !isMap(payload)) return null;
  const { target } = payload;
  return typeof target === 'string' ? target.slice(0, targetMax) : null;
}

/** The entry of another fact. */
export function factEntry(state: VaultState, record: LedgerRecord): AuditEntry {
  const body = record.body as { connection?: string };
  const connection =
    body.connection === undefined ? undefined : state.connections.get(body.connection);
  return {
    ...blankEntry,
    ...begun(state, record),
    ...connectionColumns(connection),
    connection: body.connection ?? null,
    detail: factDetail(record),
    decided_by: deciderOf(record),
    ...peerColumns(record),
  };
}

/** The device whose word a record is. */
function deciderOf({ kind, body }: LedgerRecord): string | null {
  switch (kind) {
    case 'contract_accepted':
    case 'contract_rejected':
    case 'shared':
    case 'agent_granted':
      return body.device === undefined ? null : `owner:${body.device}`;
    default:
      return null;
  }
}

/** Who ended a connection, where it was not the owner. */
const severedBy = { owner: null, peer: 'by the peer', vine: "by the peer's vine" } as const;

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
    case 'retired':
    case 'rotated':
      return record.body.purpose;
    case 'contract_offered': {
      const { version } = record.body.contract.contract;
      return `version ${version}, hash ${contractHash(record.body.contract.contract)}`;
    }
    case 'contract_accepted':
    case 'contract_rejected':
      return `version ${record.body.version}, hash ${record.body.hash}`;
    case 'moved':
      return record.body.servers.join(', ') || "the vine's own address";
    case 'peer_moved':
      return record.body.servers.join(', ');
    case 'granted':
      return record.body.fields.join(', ');
    case 'remembered': {
      const { field, purpose, until, target } = record.body;
      const toward = target === undefined ? '' : ` toward ${target}`;
      return `${field} for ${purpose}${toward} until ${timeWords(until)}`;
    }
    case 'rule_revoked':
      return `rule ${record.body.rule}`;
    case 'agent_granted': {
      const { version, agent } = record.body.contract.contract;
      return `version ${version}: ${agent?.scopes.map(({ name }) => name).join(', ') ?? ''}`;
    }
    case 'agent_refused': {
      const { refusals, until } = record.body;
      const count = `${refusals.length} refused`;
      return until === undefined ? count : `${count}: nothing until ${timeWords(until)}`;
    }
    case 'shared':
      return sharedWords(record.body.contract.contract);
    case 'peer_answered': {
      const { type, status, code, fields = [] } = record.body;
      return [type, ...fields, code ?? status].join(' ');
    }
    case 'severed':
      return severedBy[record.body.by];
    case 'notified': {
      const { about, count, detail } = record.body;
      return `${about} × ${count}${detail === undefined ? '' : `: ${detail}`}`;
    }
    default:
      return null;
  }
}

/** What of a peer's answer has a column of its own. */
function peerColumns({ kind, body }: LedgerRecord): Partial<AuditEntry> {
  if (kind !== 'peer_answered') return {};
  const { event, type, fields = [], code } = body;
  return { event, type, fields_asked: fields, reason: code ?? null };
}

/** Names of what is shared with a peer. */
function sharedWords({ fields, permissions }: Contract): string {
  const named = fields.map(({ name, tier }) => (tier === 'consent' ? `${name} on consent` : name));
  const all = [...named, ...(permissions.messages ? ['message.send'] : [])];
  return all.length === 0 ? 'nothing' : all.join(', ');
}

/** What every entry has from its record. */
export function begun(
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

/** The entry with what was decided about its event. */
export function decided(
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
    detail: body.detail ?? nameOfEntry(body.facts.entry) ?? entry.detail,
    decided_by: entry.decided_by ?? rulesIn(body),
    decided_at: time,
    consent_asked_at: body.outcome === 'pending' ? time : entry.consent_asked_at,
    fields_asked: body.facts.fields ?? entry.fields_asked,
    tiers: listed.length === 0 ? entry.tiers : listed.map(([name, tier]) => `${name}=${tier}`),
    checks: body.again ? [...entry.checks, ...body.checks] : body.checks,
  };
}

/** A remembered approval is named by the index of its record. */
function rulesIn({ facts, outcome }: Extract<LedgerRecord, { kind: 'decided' }>['body']): string {
  const rules = new Set(Object.values(facts.rules ?? {}));
  return outcome === 'allowed' && rules.size > 0 ? `rule:${[...rules].join(',')}` : 'rule';
}

/** Name of the stored entry that a request is about. */
function nameOfEntry(asked: EntryAsked | undefined): string | undefined {
  if (asked === undefined) return undefined;
  const { category, key } = asked;
  return key === undefined ? category : `${category}/${key}`;
}

/** The entry with the owner's word. */
export function consented(
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

/** The entry with what its handler did. */
export function handled(
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
