import { Map as Table } from 'immutable';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Connection, OpenRequest, VaultState } from './vault-state.ts';

/** A record about what the owner has granted by an act of their own. */
type GrantRecord = Extract<LedgerRecord, { kind: 'granted' | 'remembered' | 'rule_revoked' }>;

/** The state with one more grant of the owner, or one less. */
export function grantChanged(state: VaultState, record: GrantRecord): VaultState {
  const known = state.connections.get(record.body.connection);
  if (known === undefined) return state;
  return { ...state, connections: state.connections.set(known.id, granting(known, record)) };
}

/** The connection as if these fields had never been served to it: their retention begins anew. */
export function withNewGrants(known: Connection, fields: readonly string[]): Connection {
  const served = known.served.deleteAll(fields);
  if (known.sessions === undefined) return { ...known, served };
  return { ...known, served, sessions: known.sessions.deleteAll(fields) };
}

/** The connection with fields that it was served, where none of them was served since it was granted. */
export function servedFirst(
  known: Connection,
  { facts, received }: OpenRequest,
  provided: readonly string[],
  time: number,
): Connection {
  const first = provided.filter((field) => !known.served.has(field));
  const served = known.served.merge(first.map((field) => [field, time]));
  const inSession = first.filter((field) => facts.session?.includes(field));
  if (inSession.length === 0) return { ...known, served };
  const before = known.sessions ?? Table<string, number>();
  const sessions = before.merge(inSession.map((field) => [field, received.epoch]));
  return { ...known, served, sessions };
}

function granting(known: Connection, record: GrantRecord): Connection {
  switch (record.kind) {
    case 'granted':
      return withNewGrants(known, record.body.fields);
    case 'remembered': {
      const { body, index, time: at } = record;
      const others = rulesOf(known).filter(
        ({ type, field, target }) =>
          type !== body.type || field !== body.field || target !== body.target,
      );
      return { ...known, rules: others.set(index, { ...body, index, at }) };
    }
    case 'rule_revoked':
      return { ...known, rules: rulesOf(known).delete(record.body.rule) };
  }
}

function rulesOf({ rules }: Connection): NonNullable<Connection['rules']> {
  return rules ?? Table();
}
