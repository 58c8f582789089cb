import { Map as Table } from 'immutable';
import { toHex, utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { encodeCanonical } from '../wire/msgpack.ts';
import type { AgentState } from './agent-state.ts';
import type { Dial } from './dial.ts';
import type { NoticeLog } from './evolve-notices.ts';
import type { Connection, OpenRequest, SendingEpoch, VaultState } from './vault-state.ts';

/** Digests of a state, hex: of each scope, and of all of them together. */
export type StateDigest = {
  readonly total: string;
  readonly scopes: Readonly<Record<string, string>>;
};

/** One item of a state, and the scope whose records it comes from. */
type Item = {
  readonly scope: string;
  readonly table: string;
  readonly key: string | number;
  readonly value: unknown;
};

/**
 * Stands in `scopes` for what a record of one scope says about another: a message of an hour's
 * outbox counts in its connection's epoch, and is the answer to its request. After an erasure this
 * one is not compared; all the other digests still are.
 */
export const betweenScopes = 'between';

const scopeDomain = utf8('cambium/state-digest/v1/scope\0');
const totalDomain = utf8('cambium/state-digest/v1/total\0');

/**
 * Digests of a state, version 1: kept for ever, since checkpoints record them. Every item belongs to
 * one scope, and a scope's digest covers its own items only, so that erasing a scope leaves the
 * others' as they are. A scope's digest is a chain of SHA-256 that begins with its id and goes over
 * its items, each as canonical msgpack `[table, key, value]`, by table and then key; `total` is over
 * the pairs of scope and digest, in order. A field counts by the leaf of its record, which commits to
 * its value: a digest over a small value would outlive the value's erasure, and a dictionary opens it.
 * Members are named one by one: what a later version of the state adds is not in here.
 */
export function stateDigest(state: VaultState): StateDigest {
  const chains = new Map<string, Uint8Array>();
  for (const { scope, table, key, value } of items(state)) {
    const before = chains.get(scope) ?? sha256(scopeDomain, utf8(scope));
    chains.set(scope, sha256(scopeDomain, before, encodeCanonical([table, key, value])));
  }
  const pairs = [...chains].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    total: toHex(sha256(totalDomain, encodeCanonical(pairs))),
    scopes: Object.fromEntries(pairs.map(([scope, digest]) => [scope, toHex(digest)])),
  };
}

function* items(state: VaultState): Iterable<Item> {
  yield* vaultItems(state);
  yield* connectionItems(state);
  yield* fieldItems(state);
  yield* entryItems(state);
  yield* eventItems(state);
  yield* outboxItems(state);
  yield* noticeItems(state);
}

function* vaultItems(state: VaultState): Iterable<Item> {
  const { scope, size, time, vault, keys, measurement, writer, ring, shown, address } = state;
  const value = { size, time, vault, scope, keys, measurement, writer, ring, shown, address };
  yield { scope, table: 'vault', key: '', value };
  // In the order in which they are asked which of them serves an event.
  for (const [key, handler] of state.handlers.entries())
    yield { scope, table: 'handlers', key, value: handler };
  for (const [key, { handover, from, at, retired }] of state.handovers.entries())
    yield { scope, table: 'handovers', key, value: { handover, from, at, retired } };
}

function* connectionItems(state: VaultState): Iterable<Item> {
  for (const [key, connection] of sorted(state.connections)) {
    const { scope, sending } = connection;
    yield { scope, table: 'connections', key, value: plainConnection(connection) };
    if (connection.stored !== undefined)
      yield {
        scope: connection.stored.scope,
        table: 'stored',
        key,
        value: connection.stored.bytes,
      };
    if (connection.dial !== undefined)
      yield { scope, table: 'dials', key, value: plainDial(connection.dial) };
    if (connection.agent !== undefined)
      yield { scope, table: 'agents', key, value: plainAgent(connection.agent) };
    if (sending !== undefined)
      yield { scope: betweenScopes, table: 'sent', key, value: sending.count };
  }
  for (const [key, value] of sorted(state.parties))
    yield { scope: scopeOf(state, value), table: 'parties', key, value };
}

/** All but what has an item of its own, and `newest`, which follows from the ids seen. */
function plainConnection(connection: Connection): unknown {
  const { id, kind, status, party, name, scope, keys, contract, contractHash } = connection;
  const { optional, inviteExpires, credentialExpires, user, request, bucket, seen } = connection;
  const { served, sessions, rules, receiving, sending, knows, keeps, former } = connection;
  const { credentialIssued, account, inviteParty, offered, buckets } = connection;
  return {
    id,
    kind,
    status,
    party,
    name,
    scope,
    keys,
    contract,
    contractHash,
    optional,
    inviteExpires,
    credentialIssued,
    credentialExpires,
    account,
    inviteParty,
    user,
    request,
    bucket,
    buckets,
    offered,
    seen,
    knows,
    keeps,
    former,
    served: sorted(served),
    sessions: sessions && sorted(sessions),
    rules: rules && sorted(rules).map(([, rule]) => rule),
    receiving: sorted(receiving).map(([, { number, key, encapsulationHash, at }]) => ({
      number,
      key,
      encapsulationHash,
      at,
    })),
    sending: sending && plainSending(sending),
  } satisfies Record<Exclude<keyof Connection, 'stored' | 'dial' | 'newest' | 'agent'>, unknown>;
}

/** Only a peer has one: it is an item of its own, so that the others count as before. */
function plainDial(dial: Dial): unknown {
  const { invite, keys, offer, accepted, peerKeys, servers, name } = dial;
  const plain = { invite, keys, offer, accepted, peerKeys, servers, name };
  return plain satisfies Record<keyof Dial, unknown>;
}

/** Only an agent has one, as `plainDial`. */
function plainAgent({ name, scopes, cooling }: AgentState): unknown {
  const plain = { name, scopes, cooling };
  return plain satisfies Record<keyof AgentState, unknown>;
}

/** Its count is between scopes. */
function plainSending({ number, key, encapsulationHash, at, opening }: SendingEpoch): unknown {
  const epoch = { number, key, encapsulationHash, at, opening };
  return epoch satisfies Record<Exclude<keyof SendingEpoch, 'count'>, unknown>;
}

function* fieldItems(state: VaultState): Iterable<Item> {
  for (const [key, { scope, index, leaf, at }] of sorted(state.fields))
    yield { scope, table: 'fields', key, value: { index, leaf, at } };
}

/** Values count by their leaves, as those of fields do. */
function* entryItems(state: VaultState): Iterable<Item> {
  for (const [key, { scope, index, leaf, bytes, at }] of sorted(state.entries))
    yield { scope, table: 'entries', key, value: { index, leaf, bytes, at } };
  for (const [key, { value }] of sorted(state.requests))
    if (value !== undefined)
      yield {
        scope: value.scope,
        table: 'values',
        key,
        value: { index: value.index, leaf: value.leaf },
      };
}

function* eventItems(state: VaultState): Iterable<Item> {
  for (const [key, request] of sorted(state.requests)) {
    const scope = scopeOf(state, request.connection);
    yield { scope, table: 'requests', key, value: plainRequest(request) };
  }
  for (const [key, { digest, time, answer }] of sorted(state.seen)) {
    yield { scope: ownScope(state, key), table: 'seen', key, value: { digest, time } };
    if (answer !== undefined) yield { scope: betweenScopes, table: 'answers', key, value: answer };
  }
  for (const [key, value] of sorted(state.once))
    yield { scope: ownScope(state, key), table: 'once', key, value };
}

function plainRequest(open: OpenRequest): unknown {
  const { key, connection, index, receivedAt, status, received, facts, handler, approved } = open;
  const request = {
    key,
    connection,
    index,
    receivedAt,
    status,
    received,
    facts,
    handler,
    approved,
  };
  return request satisfies Record<Exclude<keyof OpenRequest, 'value'>, unknown>;
}

function* outboxItems(state: VaultState): Iterable<Item> {
  for (const [key, message] of sorted(state.outbox)) {
    const { id, connection, subject, bytes, answers, index, scope } = message;
    const value = { id, connection, subject, bytes, answers, index };
    yield { scope, table: 'outbox', key, value };
  }
  for (const [key, { scope, fields }] of sorted(state.outboxScopes))
    yield { scope, table: 'outbox-scopes', key, value: fields };
}

/** None until the owner was told of something. */
function* noticeItems({ notices }: VaultState): Iterable<Item> {
  for (const [key, { scope, told, held }] of sorted(notices ?? Table<string, NoticeLog>()))
    yield { scope, table: 'notices', key, value: { told, held } };
}

/** Scope of a key that begins with its connection's id. */
function ownScope(state: VaultState, key: string): string {
  return scopeOf(state, key.slice(0, key.indexOf('/')));
}

function scopeOf(state: VaultState, connection: string): string {
  return state.connections.get(connection)?.scope ?? state.scope;
}

/** Entries by their keys, text in the order of its UTF-16 units. */
function sorted<K extends string | number, V>(table: Table<K, V>): [K, V][] {
  return [...table.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
