import type { Map as Table } from 'immutable';
import type { Bodies } from '../ledger/bodies.ts';
import type { VaultState } from './vault-state.ts';

/**
 * The state without what was said under scopes that are erased: the same, whether their records were
 * folded before or had become tombstones.
 */
export function erased(state: VaultState, { scopes, remains }: Bodies['erased']): VaultState {
  const gone = new Set(scopes.map(({ scope }) => scope));
  const lives = ({ scope }: { readonly scope: string }): boolean => !gone.has(scope);
  const connections = withoutStored(state.connections.filter(lives), gone);
  const isKnown = (id: string): boolean => connections.has(id);
  const left = {
    ...state,
    connections,
    parties: state.parties.filter(isKnown),
    fields: state.fields.filter(lives),
    outbox: state.outbox.filter((message) => lives(message) && isKnown(message.connection)),
    outboxScopes: state.outboxScopes.filter(lives),
    entries: state.entries.filter(lives),
    requests: withoutValues(
      state.requests.filter(({ connection }) => isKnown(connection)),
      gone,
    ),
    seen: keysOf(state.seen, isKnown),
    once: keysOf(state.once, isKnown),
  };
  const digests = state.checkpoint?.digests.deleteAll(gone);
  const checkpoint = state.checkpoint && digests && { ...state.checkpoint, digests };
  const notices = state.notices?.filter(lives);
  const rest = {
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(notices === undefined ? {} : { notices }),
  };
  return withRemains({ ...left, ...rest }, remains);
}

function withoutStored(
  connections: VaultState['connections'],
  gone: ReadonlySet<string>,
): VaultState['connections'] {
  return connections.map(({ stored, ...rest }) =>
    stored === undefined || gone.has(stored.scope) ? rest : { ...rest, stored },
  );
}

function withoutValues(
  requests: VaultState['requests'],
  gone: ReadonlySet<string>,
): VaultState['requests'] {
  return requests.map(({ value, ...rest }) =>
    value === undefined || gone.has(value.scope) ? rest : { ...rest, value },
  );
}

function keysOf<V>(
  table: Table<string, V>,
  isKnown: (connection: string) => boolean,
): Table<string, V> {
  return table.filter((_, key) => isKnown(key.slice(0, key.indexOf('/'))));
}

function withRemains(state: VaultState, remains: Bodies['erased']['remains']): VaultState {
  const connections = state.connections.withMutations((table) => {
    for (const { connection, count } of remains.sent) {
      const known = table.get(connection);
      if (known?.sending !== undefined)
        table.set(connection, { ...known, sending: { ...known.sending, count } });
    }
  });
  const seen = state.seen.withMutations((table) => {
    for (const key of remains.unanswered) {
      const event = table.get(key);
      if (event !== undefined) table.set(key, { digest: event.digest, time: event.time });
    }
  });
  return { ...state, connections, seen };
}
