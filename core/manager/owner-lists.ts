import type { VaultState } from '../../projections/vault-state.ts';
import { describeConnection } from './connections.ts';
import { describeOffer } from './contract-updates.ts';
import { describeRequest } from './described-request.ts';
import { type Item, pageOf } from './pages.ts';
import type { Turn } from './turn.ts';

/* What the owner's app reads in pages: contracts are large, and many may wait. */

/** Everybody that the vault has a relation with, but for the owner's own devices. */
export function connectionsFrom(turn: Turn, from: string | undefined): Record<string, unknown> {
  const items = [...turn.batch.state.connections.values()]
    .filter(({ kind }) => kind !== 'owner')
    .map((one): Item => ({ mark: one.id, describe: () => describeConnection(turn, one) }));
  const { shown, next } = pageOf(items, from);
  return { connections: shown.map(({ value }) => value), next };
}

/** What waits for the owner's word: requests, then connections that ask, then new versions of contracts. */
export function pendingFrom(turn: Turn, from: string | undefined): Record<string, unknown> {
  const { state } = turn.batch;
  const items = [...heldRequests(state), ...asking(turn), ...offers(state)];
  const { shown, next } = pageOf(items, from);
  const of = (list: string): unknown[] =>
    shown.filter(({ mark }) => mark.startsWith(list)).map(({ value }) => value);
  return {
    requests: of(marks.request),
    connections: of(marks.asks),
    updates: of(marks.offer),
    next,
  };
}

/** What a mark begins with. */
const marks = { request: '1/', asks: '2/', offer: '3/' };

function heldRequests({ requests, connections }: VaultState): Item[] {
  return [...requests.values()].flatMap((request): Item[] => {
    const connection = connections.get(request.connection);
    if (request.status !== 'pending' || request.facts.deadline === undefined) return [];
    if (connection === undefined) return [];
    const describe = (): unknown => describeRequest(request, connection);
    return [{ mark: `${marks.request}${request.key}`, describe }];
  });
}

function asking(turn: Turn): Item[] {
  return [...turn.batch.state.connections.values()]
    .filter(({ status }) => status === 'requested')
    .map((one) => ({
      mark: `${marks.asks}${one.id}`,
      describe: () => describeConnection(turn, one),
    }));
}

function offers(state: VaultState): Item[] {
  return [...state.connections.values()]
    .filter(({ offered, contract }) => offered !== undefined && contract !== undefined)
    .map((one) => ({
      mark: `${marks.offer}${one.id}`,
      describe: () => describeOffer(state, one) ?? null,
    }));
}
