import { type StateDigest, stateDigest } from '../projections/state-digest.ts';
import type { Connection, OpenRequest, VaultState } from '../projections/vault-state.ts';

/** A connection of a state, for people. */
export type DescribedConnection = {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly name: string;
  readonly party: string;
  readonly contract: {
    readonly id: string;
    readonly version: number;
    readonly hash: string;
  } | null;
  /** Tokens when they were last counted. */
  readonly tokens: number | null;
  /** Names of the fields that it has been given. */
  readonly served: readonly string[];
};

/** A request of a state that is not answered yet, for people. */
export type DescribedRequest = {
  readonly event: string;
  readonly record: number;
  readonly type: string | null;
  readonly connection: string;
  readonly status: string;
  readonly fields: readonly string[];
  /** Unix milliseconds. */
  readonly received: number;
  readonly until: number | null;
};

/** What a state holds: names and counts, never a value or a key. */
export type StateSummary = {
  readonly vault: string;
  /** Count of records folded. */
  readonly size: number;
  /** Time of the last one, Unix milliseconds. */
  readonly time: number;
  readonly measurement: string;
  readonly handlers: readonly { readonly name: string; readonly version: string }[];
  readonly connections: readonly DescribedConnection[];
  readonly fields: readonly string[];
  readonly requests: readonly DescribedRequest[];
  /** Messages that are not published yet. */
  readonly outbox: number;
  /** Event ids that are remembered, and keys that are used up. */
  readonly seen: number;
  readonly once: number;
  readonly digest: StateDigest;
};

/** A state as plain data, for people and for `--json`. */
export function describeState(state: VaultState): StateSummary {
  const { vault, size, time, measurement } = state;
  return {
    vault,
    size,
    time,
    measurement,
    handlers: state.handlers.map(({ manifest: { name, version } }) => ({ name, version })),
    connections: [...state.connections.values()].map(describeConnection).sort(byId),
    fields: [...state.fields.keys()].sort(),
    requests: [...state.requests.values()].sort((a, b) => a.index - b.index).map(describeRequest),
    outbox: state.outbox.size,
    seen: state.seen.size,
    once: state.once.size,
    digest: stateDigest(state),
  };
}

function describeConnection(connection: Connection): DescribedConnection {
  const { id, kind, status, name, party, contractHash: hash, bucket, served } = connection;
  const contract = connection.contract?.contract;
  return {
    id,
    kind,
    status,
    name,
    party,
    contract:
      contract === undefined
        ? null
        : { id: contract.id, version: contract.version, hash: hash ?? '' },
    tokens: bucket?.tokens ?? contract?.limits.burst ?? null,
    served: [...served.keys()].sort(),
  };
}

function describeRequest(request: OpenRequest): DescribedRequest {
  const { key, index, received, connection, status, facts, receivedAt } = request;
  return {
    event: key,
    record: index,
    type: received.event?.type ?? null,
    connection,
    status,
    fields: facts.fields ?? [],
    received: receivedAt,
    until: facts.deadline ?? null,
  };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
