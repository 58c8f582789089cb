import type { ErasedScope, ErasureTarget } from '../../ledger/upkeep-bodies.ts';
import {
  dayOf,
  namespaceOf,
  type OutboxScope,
  storedEntries,
  type VaultState,
} from '../../projections/vault-state.ts';
import { clockSkewMaxMs, eventAgeMaxMs } from '../../wire/event.ts';
import type { Batch } from './journal.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Scopes of answers that one turn erases, at most: what follows from it must fit one record. */
const outboxScopesPerTurn = 500;

/**
 * Scopes under which something of the target is said: its own, and those of the answers that hold
 * values of it. Empty when there is nothing to forget.
 */
export function scopesOf(state: VaultState, { kind, name }: ErasureTarget): string[] {
  const answers = (holds: (one: OutboxScope) => boolean): string[] =>
    state.outboxScopes
      .valueSeq()
      .filter(holds)
      .map(({ scope }) => scope)
      .toArray();
  if (kind === 'connection') {
    const connection = state.connections.get(name);
    if (connection === undefined) return [];
    const stored = connection.stored === undefined ? [] : [connection.stored.scope];
    return [connection.scope, ...stored, ...answers((one) => one.connection === name)];
  }
  if (kind === 'entries') {
    const stored = state.connections.get(name)?.stored;
    const holding = answers(
      ({ connection, fields }) => connection === name && fields.includes(storedEntries),
    );
    return stored === undefined ? [] : [stored.scope, ...holding];
  }
  if (kind === 'outbox') return answers((one) => isPast(state, one)).slice(0, outboxScopesPerTurn);
  const fields = state.fields.filter((_, field) =>
    kind === 'field' ? field === name : namespaceOf(field) === name,
  );
  const own = fields.valueSeq().map(({ scope }) => scope);
  const holding = answers((one) => one.fields.some((field) => fields.has(field)));
  return fields.isEmpty() ? [] : [...new Set([...own, ...holding])];
}

/**
 * Records an erasure: the keys of these scopes are to be destroyed when this is durable, and records
 * under them are tombstones from then on. What other scopes have said stays true.
 */
export function addErasure(
  batch: Batch,
  what: ErasureTarget,
  scopes: readonly string[],
  cause?: number,
): void {
  const { state } = batch;
  const gone = new Set(scopes);
  const emptied = state.outboxScopes.valueSeq().filter(({ scope }) => gone.has(scope));
  const senders = new Set(emptied.map(({ connection }) => connection));
  const sent = [...senders].flatMap((connection) => {
    const count = state.connections.get(connection)?.sending?.count;
    return count === undefined ? [] : [{ connection, count }];
  });
  const unanswered = state.seen
    .filter(({ scope }) => scope !== undefined && gone.has(scope))
    .keySeq()
    .toArray();
  batch.add({
    kind: 'erased',
    scope: state.scope,
    ...(cause === undefined ? {} : { cause }),
    body: {
      what,
      scopes: scopes.flatMap((scope) => erasedScope(batch, scope)),
      remains: { sent, unanswered },
    },
  });
}

/** A scope of which no record was ever made needs no erasure, only its key does. */
function erasedScope(batch: Batch, scope: string): ErasedScope[] {
  const { index: records, previous: last } = batch.scopeEnd(scope);
  return last === null ? [] : [{ scope, records, last }];
}

/** Nobody can ask for these answers again: the requests are `expired` by now. */
function isPast({ time, outbox }: VaultState, { day, scope }: OutboxScope): boolean {
  const oldest = dayOf(time - eventAgeMaxMs - clockSkewMaxMs - dayMs);
  return day < oldest && !outbox.some((message) => message.scope === scope);
}
