import type { HandledBody, LedgerRecord } from '../ledger/bodies.ts';
import type { EntryAsked } from '../ledger/decision.ts';
import {
  entryKey,
  type OpenRequest,
  type ReceivedValue,
  type StoredEntry,
  type VaultState,
} from './vault-state.ts';

/*
 * What services store. A value arrives in a record of its own, under the scope of its party's entries; it
 * becomes an entry when the handler's effect says so, under the category and key that were decided on,
 * whatever else the effect may say.
 */

/** The state with a value that waits for its request to be handled. */
export function valueReceived(
  state: VaultState,
  { body, index, leaf, scope }: Extract<LedgerRecord, { readonly kind: 'value_received' }>,
): VaultState {
  const request = state.requests.get(body.request);
  const connection = state.connections.get(body.connection);
  if (request === undefined || connection === undefined) return state;
  const value = { value: body.value, scope, index, leaf };
  const bytes = connection.stored?.scope === scope ? connection.stored.bytes : 0;
  const stored = { scope, bytes };
  return {
    ...state,
    requests: state.requests.set(request.key, { ...request, value }),
    connections: state.connections.set(connection.id, { ...connection, stored }),
  };
}

/** The state with what a handled request has stored or deleted. */
export function entriesChanged(
  state: VaultState,
  request: OpenRequest,
  { code, effects }: HandledBody,
  time: number,
): VaultState {
  const { entry } = request.facts;
  if (code !== 'ok' || entry?.key === undefined) return state;
  const has = (type: string): boolean => effects.some((effect) => effect.type === type);
  const about = { ...entry, key: entry.key, connection: request.connection };
  if (has('entry.stored') && request.value !== undefined)
    return withEntry(state, about, request.value, time);
  return has('entry.deleted') ? withoutEntry(state, about) : state;
}

type About = EntryAsked & { readonly key: string; readonly connection: string };

function withEntry(state: VaultState, about: About, value: ReceivedValue, at: number): VaultState {
  const { connection, category, key, bytes = 0 } = about;
  const name = entryKey(connection, category, key);
  const before = state.entries.get(name)?.bytes ?? 0;
  const entry: StoredEntry = { ...value, connection, category, key, bytes, at };
  const entries = state.entries.set(name, entry);
  return counted({ ...state, entries }, connection, bytes - before);
}

function withoutEntry(state: VaultState, { connection, category, key }: About): VaultState {
  const name = entryKey(connection, category, key);
  const before = state.entries.get(name);
  if (before === undefined) return state;
  return counted({ ...state, entries: state.entries.delete(name) }, connection, -before.bytes);
}

function counted(state: VaultState, connection: string, bytes: number): VaultState {
  const known = state.connections.get(connection);
  if (known?.stored === undefined) return state;
  const stored = { ...known.stored, bytes: known.stored.bytes + bytes };
  return { ...state, connections: state.connections.set(connection, { ...known, stored }) };
}
