import { Map as Table } from 'immutable';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { toHex } from '../wire/bytes.ts';
import { contractHash } from '../wire/contract.ts';
import { clockSkewMaxMs, eventAgeMaxMs } from '../wire/event.ts';
import {
  type Connection,
  eventKey,
  namespaceOf,
  outboxHour,
  type VaultState,
} from './vault-state.ts';

/** A record of one kind. */
type Of<K extends LedgerRecord['kind']> = Extract<LedgerRecord, { kind: K }>;

const dayMs = 24 * 60 * 60 * 1000;

/**
 * The state with one more record. Pure and total: it folds recorded facts and works no rule out
 * again, so a corrected rule does not rewrite history.
 */
export function evolve(state: VaultState, record: LedgerRecord): VaultState {
  const moved = {
    ...forgetOldEvents(state, record.time),
    size: record.index + 1,
    time: record.time,
  };
  switch (record.kind) {
    case 'genesis':
      return { ...moved, ...record.body, scope: record.scope };
    case 'opened': {
      const { writer, measurement, handlers, ring } = record.body;
      return { ...moved, writer, measurement, handlers, ring };
    }
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
    case 'invited':
    case 'requested':
    case 'connected':
    case 'declined':
    case 'severed':
      return connection(moved, record);
    case 'epoch_opened':
      return epochOpened(moved, record);
    case 'stored': {
      const { field, value } = record.body;
      const { index, leaf, time: at, scope } = record;
      const fields = moved.fields.set(field, { value, index, leaf, at });
      return { ...moved, fields, namespaces: moved.namespaces.set(namespaceOf(field), scope) };
    }
    // Facts that say nothing about the state, or whose features come later: they only move it on.
    case 'closed':
    case 'checkpoint':
    case 'aggregate':
    case 'contract_offered':
    case 'contract_accepted':
    case 'contract_rejected':
    case 'rotated':
    case 'erased':
      return moved;
  }
}

function received(state: VaultState, record: Of<'received'>): VaultState {
  const { body } = record;
  const known = state.connections.get(body.connection);
  if (known === undefined || body.event === undefined) return state;
  const connections = state.connections.set(known.id, { ...known, seen: body.seen });
  const key = eventKey(body.connection, body.id);
  if (body.signature?.valid !== true || state.seen.has(key)) return { ...state, connections };
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
  // Another event under the id of a request: what was decided about it is not about the request.
  if (!again && request !== undefined && request.index !== record.cause) return state;
  const spent = request === undefined ? state : spend(state, request.connection, record.body);
  if (request === undefined || (again && outcome === 'pending')) return spent;
  if (outcome === 'denied' || (outcome === 'allowed' && handler === undefined))
    return { ...spent, requests: spent.requests.delete(key) };
  const status = outcome === 'allowed' ? ('running' as const) : ('pending' as const);
  const next = { ...request, status, facts, ...(handler === undefined ? {} : { handler }) };
  return { ...spent, requests: spent.requests.set(key, next) };
}

function spend(state: VaultState, connection: string, body: Of<'decided'>['body']): VaultState {
  const known = state.connections.get(connection);
  if (known === undefined || body.facts.bucket === undefined) return state;
  const next = { ...known, bucket: body.facts.bucket };
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
  if (known === undefined) return { ...state, requests, once: used };
  const served = provided.reduce(
    (table, field) => (table.has(field) ? table : table.set(field, record.time)),
    known.served,
  );
  const connections = state.connections.set(known.id, { ...known, served });
  return { ...state, requests, once: used, connections };
}

function queued(state: VaultState, record: Of<'queued'>): VaultState {
  const { body, index, scope, time } = record;
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
      : state.seen.set(body.answers, { ...event, answer: index });
  return { ...state, outbox, connections, seen, outboxScope: { hour: outboxHour(time), scope } };
}

function connection(
  state: VaultState,
  record: Of<'invited' | 'requested' | 'connected' | 'declined' | 'severed'>,
): VaultState {
  const { id } = { id: record.body.connection };
  const next = nextConnection(state.connections.get(id), record);
  if (next === undefined) return state;
  return {
    ...state,
    connections: state.connections.set(id, next),
    parties: state.parties.set(next.party, id),
  };
}

function nextConnection(
  known: Connection | undefined,
  record: Of<'invited' | 'requested' | 'connected' | 'declined' | 'severed'>,
): Connection | undefined {
  switch (record.kind) {
    case 'invited':
      return invited(record);
    case 'requested': {
      if (known === undefined) return undefined;
      const { keys, contract, event: request } = record.body;
      const name = contract.contract.service.name;
      const hash = contractHash(contract.contract);
      return { ...known, status: 'requested', name, keys, contract, contractHash: hash, request };
    }
    case 'connected': {
      const { connection: id, kind, party, name, keys, optional, credentialExpires } = record.body;
      const { request: _, ...base } = known ?? newConnection(id, party, record.scope);
      const credential = credentialExpires === undefined ? {} : { credentialExpires };
      return { ...base, kind, status: 'active', party, name, keys, optional, ...credential };
    }
    case 'declined':
      return known && { ...known, status: 'declined' };
    case 'severed':
      return known && { ...known, status: 'severed' };
  }
}

function invited(record: Of<'invited'>): Connection {
  const { connection: id, party, label, expires } = record.body;
  return { ...newConnection(id, party, record.scope), name: label, inviteExpires: expires };
}

function newConnection(id: string, party: string, scope: string): Connection {
  return {
    id,
    kind: 'service',
    status: 'invited',
    party,
    name: '',
    scope,
    optional: [],
    served: Table(),
    receiving: Table(),
    seen: 0,
  };
}

function epochOpened(state: VaultState, record: Of<'epoch_opened'>): VaultState {
  const { connection: id, direction, number, key, encapsulationHash, opening } = record.body;
  const known = state.connections.get(id);
  if (known === undefined) return state;
  const epoch = { number, key, encapsulationHash, at: record.time };
  const next: Connection =
    direction === 'to-vault'
      ? { ...known, receiving: freshEpochs(known, record.time).set(number, epoch) }
      : opening === undefined
        ? known
        : { ...known, sending: { ...epoch, opening, count: 0 } };
  return { ...state, connections: state.connections.set(id, next) };
}

/** An event of an epoch opened this long ago would be `expired`, so its key is of no more use. */
function freshEpochs(known: Connection, time: number): Connection['receiving'] {
  const latest = Math.max(0, ...known.receiving.keys());
  return known.receiving.filter(
    (epoch) => epoch.number === latest || epoch.at > time - 2 * eventAgeMaxMs,
  );
}

/** Once a day: ids of events that would be `expired` by now need not be kept. */
function forgetOldEvents(state: VaultState, time: number): VaultState {
  if (Math.floor(time / dayMs) === Math.floor(state.time / dayMs)) return state;
  const oldest = time - eventAgeMaxMs - clockSkewMaxMs;
  return { ...state, seen: state.seen.filter((event) => event.time > oldest) };
}
