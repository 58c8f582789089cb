import { Map as Table } from 'immutable';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { toHex } from '../wire/bytes.ts';
import { clockSkewMaxMs, eventAgeMaxMs } from '../wire/event.ts';
import { addressChanged } from './evolve-address.ts';
import { agentChanged, agentCounted } from './evolve-agent.ts';
import { connectionChanged, epochOpened } from './evolve-connection.ts';
import { contractChanged } from './evolve-contract.ts';
import { entriesChanged, valueReceived } from './evolve-entries.ts';
import { erased } from './evolve-erasure.ts';
import { grantChanged, servedFirst, withNewGrants } from './evolve-grants.ts';
import { keysKnown, ownKeysChanged, rekeyed } from './evolve-keys.ts';
import { noticed } from './evolve-notices.ts';
import { peerChanged } from './evolve-peer.ts';
import { newestOf, seenBefore } from './seen-event.ts';
import { connectionOfKey, dayOf, eventKey, outboxKey, type VaultState } from './vault-state.ts';

/** A record of one kind. */
type Of<K extends LedgerRecord['kind']> = Extract<LedgerRecord, { kind: K }>;

/**
 * The state with one more record. Pure and total: it folds recorded facts and works no rule out
 * again, so a corrected rule does not rewrite history.
 */
export function evolve(state: VaultState, record: LedgerRecord): VaultState {
  const moved = movedOn(state, record);
  switch (record.kind) {
    case 'genesis':
      return { ...moved, ...record.body, scope: record.scope };
    case 'opened':
      return opened(moved, record);
    case 'received':
      return received(moved, record);
    case 'decided':
      return decided(moved, record);
    case 'consented':
      return consented(moved, record);
    case 'handled':
      return handled(moved, record);
    case 'expired':
      return { ...moved, requests: moved.requests.delete(record.body.request) };
    case 'queued':
      return queued(moved, record);
    case 'sent':
      return { ...moved, outbox: moved.outbox.deleteAll(record.body.ids) };
    case 'stored':
      return stored(moved, record);
    case 'value_received':
      return valueReceived(moved, record);
    case 'checkpoint':
      return checkpointed(moved, record);
    case 'presented':
      return { ...moved, shown: { name: record.body.name } };
    case 'moved':
    case 'servers_known':
      return addressChanged(moved, record);
    case 'rotated':
    case 'retired':
      return ownKeysChanged(moved, record);
    case 'keys_known':
      return keysKnown(moved, record);
    case 'rekeyed':
      return rekeyed(moved, record);
    case 'erased':
      return erased(moved, record.body);
    case 'notified':
    case 'notice_held':
      return noticed(moved, record);
    // Facts that say nothing about the state: they only move it on.
    case 'closed':
    case 'peer_answered':
    case 'tombstone':
    case 'aggregate':
      return moved;
    default:
      return partyChanged(moved, record);
  }
}

/** A record about one party: its life, its keys, and what it may do. */
type PartyRecord = Of<
  | Parameters<typeof connectionChanged>[1]['kind']
  | Parameters<typeof grantChanged>[1]['kind']
  | Parameters<typeof peerChanged>[1]['kind']
  | Parameters<typeof agentChanged>[1]['kind']
  | Parameters<typeof contractChanged>[1]['kind']
  | 'epoch_opened'
>;

function partyChanged(state: VaultState, record: PartyRecord): VaultState {
  switch (record.kind) {
    case 'invited':
    case 'requested':
    case 'connected':
    case 'credential_renewed':
    case 'declined':
    case 'severed':
      return connectionChanged(state, record);
    case 'epoch_opened':
      return epochOpened(state, record);
    case 'granted':
    case 'remembered':
    case 'rule_revoked':
      return grantChanged(state, record);
    case 'dial_prepared':
    case 'dial_granted':
    case 'peer_moved':
    case 'shared':
      return peerChanged(state, record);
    case 'agent_granted':
    case 'agent_refused':
      return agentChanged(state, record);
    case 'contract_offered':
    case 'contract_accepted':
    case 'contract_rejected':
      return contractChanged(state, record);
  }
}

/** One record further: its events of long ago are forgotten. */
function movedOn(state: VaultState, { index, time }: LedgerRecord): VaultState {
  return { ...forgetOldEvents(state, time), size: index + 1, time };
}

function opened(state: VaultState, { body }: Of<'opened'>): VaultState {
  const { writer, measurement, handlers, ring } = body;
  return { ...state, writer, measurement, handlers, ring };
}

function stored(state: VaultState, record: Of<'stored'>): VaultState {
  const { field, value } = record.body;
  const { index, leaf, time: at, scope } = record;
  return { ...state, fields: state.fields.set(field, { value, scope, index, leaf, at }) };
}

function checkpointed(state: VaultState, { body, index }: Of<'checkpoint'>): VaultState {
  const { scopes } = body.digests;
  const known = state.checkpoint?.digests ?? Table<string, string>();
  const digests = scopes === undefined ? Table<string, string>() : known.merge(scopes);
  return { ...state, checkpoint: { size: index, digests } };
}

function received(state: VaultState, record: Of<'received'>): VaultState {
  const { body } = record;
  const known = state.connections.get(body.connection);
  if (known === undefined || body.event === undefined) return state;
  const key = eventKey(body.connection, body.id);
  const heard = { ...known, seen: body.seen };
  if (body.signature?.valid !== true || seenBefore(state, known, body.id) !== undefined)
    return { ...state, connections: state.connections.set(known.id, heard) };
  const newest = newestOf(known.newest, body.id);
  const connections = state.connections.set(known.id, { ...heard, newest });
  const seen = state.seen.set(key, { digest: toHex(body.digest), time: body.event.time });
  const requests = state.requests.set(key, {
    key,
    connection: body.connection,
    index: record.index,
    receivedAt: record.time,
    status: 'pending',
    received: body,
    facts: {},
  });
  return { ...state, connections, seen, requests };
}

function decided(state: VaultState, record: Of<'decided'>): VaultState {
  const { request: key, outcome, facts, handler, again } = record.body;
  const request = state.requests.get(key);
  // Also of what is no request: an event that is not its sender's.
  const spent = spend(state, connectionOfKey(key), record.body);
  // Another event under the id of a request: what was decided about it is not about the request.
  if (!again && request !== undefined && request.index !== record.cause) return spent;
  if (request === undefined || (again && outcome === 'pending')) return spent;
  if (outcome === 'denied' || (outcome === 'allowed' && handler === undefined))
    return { ...spent, requests: spent.requests.delete(key) };
  const status = outcome === 'allowed' ? ('running' as const) : ('pending' as const);
  const next = { ...request, status, facts, ...(handler === undefined ? {} : { handler }) };
  const { connections } = spent;
  const known = connections.get(request.connection);
  return {
    ...spent,
    requests: spent.requests.set(key, next),
    connections:
      known === undefined || facts.granted === undefined
        ? connections
        : connections.set(known.id, withNewGrants(known, facts.granted)),
  };
}

function spend(state: VaultState, connection: string, body: Of<'decided'>['body']): VaultState {
  const known = state.connections.get(connection);
  const { bucket, buckets, scopes, cooling } = body.facts;
  if (known === undefined || (bucket ?? buckets ?? scopes ?? cooling) === undefined) return state;
  const next = {
    ...agentCounted(known, body.facts),
    ...(bucket === undefined ? {} : { bucket }),
    ...(buckets === undefined ? {} : { buckets: { ...known.buckets, ...buckets } }),
  };
  return { ...state, connections: state.connections.set(connection, next) };
}

function consented(state: VaultState, record: Of<'consented'>): VaultState {
  const { request: key, outcome, fields } = record.body;
  const request = state.requests.get(key);
  if (request === undefined) return state;
  if (outcome === 'denied') return { ...state, requests: state.requests.delete(key) };
  return { ...state, requests: state.requests.set(key, { ...request, approved: fields }) };
}

function handled(state: VaultState, record: Of<'handled'>): VaultState {
  const { request: key, provided, once, code } = record.body;
  const request = state.requests.get(key);
  const requests = state.requests.delete(key);
  const used =
    once === undefined || code !== 'ok' ? state.once : state.once.set(once, record.index);
  const known = request && state.connections.get(request.connection);
  if (request === undefined || known === undefined) return { ...state, requests, once: used };
  const next = servedFirst(known, request, provided, record.time);
  const connections = state.connections.set(known.id, next);
  const moved = { ...state, requests, once: used, connections };
  return entriesChanged(moved, request, record.body, record.time);
}

function queued(state: VaultState, record: Of<'queued'>): VaultState {
  const { body, index, scope } = record;
  const outbox = state.outbox.set(body.id, { ...body, index, scope });
  const known = state.connections.get(body.connection);
  const connections =
    known?.sending === undefined
      ? state.connections
      : state.connections.set(known.id, {
          ...known,
          sending: { ...known.sending, count: known.sending.count + 1 },
        });
  const event = body.answers === undefined ? undefined : state.seen.get(body.answers);
  const seen =
    event === undefined || body.answers === undefined
      ? state.seen
      : state.seen.set(body.answers, { ...event, answer: index, scope });
  return { ...state, outbox, connections, seen, outboxScopes: withScope(state, record) };
}

/** The scope of its connection's day, with the fields that this message holds. */
function withScope({ outboxScopes }: VaultState, record: Of<'queued'>): VaultState['outboxScopes'] {
  const { scope, body, time } = record;
  const { connection, fields = [] } = body;
  const day = dayOf(time);
  const key = outboxKey(connection, day);
  const known = outboxScopes.get(key);
  if (known !== undefined && fields.length === 0) return outboxScopes;
  const all = [...new Set([...(known?.fields ?? []), ...fields])];
  return outboxScopes.set(key, { connection, day, scope, fields: all });
}

/** Once a day: ids of events that would be `expired` by now need not be kept. */
function forgetOldEvents(state: VaultState, time: number): VaultState {
  if (dayOf(time) === dayOf(state.time)) return state;
  const oldest = time - eventAgeMaxMs - clockSkewMaxMs;
  return { ...state, seen: state.seen.filter((event) => event.time > oldest) };
}
