import { randomBytes } from 'node:crypto';
import type { ReceivedEvent } from '../../ledger/bodies.ts';
import { lastKey } from '../../ledger/chain-end.ts';
import type { Connection } from '../../projections/vault-state.ts';
import type { AskedConnection } from '../../wire/asked-connection.ts';
import { toBase64url, toHex } from '../../wire/bytes.ts';
import { identifierFrom } from '../../wire/identifiers.ts';
import {
  type Answer,
  type ConnectionAccepted,
  connectionRequestedType,
  connectionSeveredType,
  type Invite,
} from '../../wire/messages.ts';
import { missingFields } from '../decision/checks-update.ts';
import { coolingUntil } from '../decision/cooling.ts';
import { serversOf } from './address.ts';
import { questionOf, queueAnswer, refusal } from './answers.ts';
import { describeOffer, endOffer } from './contract-updates.ts';
import { keysOf } from './inbound.ts';
import { notify } from './notices.ts';
import { expireDue } from './requests.ts';
import { beginPeer } from './sharing.ts';
import { tellOwner } from './tell-owner.ts';
import type { Turn, VaultParts } from './turn.ts';
import { letIn, shutOut, wayInOf } from './ways-in.ts';

const inviteLastsMs = 24 * 60 * 60 * 1000;

/** Makes an invite: a connection that nobody has yet, and a credential that can only ask for it. */
export async function invite(
  parts: VaultParts,
  turn: Turn,
  label: string,
  whom: { readonly peer?: true; readonly agent?: true } = {},
): Promise<Invite> {
  const { batch } = turn;
  const expires = batch.time + inviteLastsMs;
  const { keys } = batch.state;
  if (keys === undefined) throw new Error('the vault has no keys');
  const connection = identifierFrom(new Uint8Array(randomBytes(16)));
  const { party, credential } = await parts.admission.invite(expires);
  await parts.bus.admit(party, 'handshake');
  const scope = await parts.ring.createScope();
  batch.add({ kind: 'invited', scope, body: { connection, party, label, expires, ...whom } });
  return {
    v: 1,
    vault: batch.state.vault,
    connection,
    party,
    servers: serversOf(parts, batch.state),
    credential,
    signing: toBase64url(keys.signing),
    encapsulation: toBase64url(keys.encapsulation),
    ledger: {
      id: toHex(parts.ledger.identity.id),
      key: toBase64url(lastKey(parts.ledger.end.keys)),
    },
    expires,
  };
}

/**
 * A party asks to connect: recorded with its keys and contract, and shown to the owner. Requires a
 * request that was allowed: its keys and contract have been checked.
 */
export async function requestConnection(
  parts: VaultParts,
  turn: Turn,
  received: ReceivedEvent,
  from: number,
): Promise<Answer> {
  const { batch } = turn;
  const type = 'connection.request';
  const payload = received.event?.payload as unknown as AskedConnection;
  const { contract, peer, agent } = payload;
  const keys = keysOf(payload);
  if (keys === undefined) return refusal(type, 'malformed');
  const connection = batch.state.connections.get(received.connection);
  if (connection === undefined) return refusal(type, 'connection_unknown');
  batch.add({
    kind: 'requested',
    scope: connection.scope,
    cause: from,
    body: {
      connection: connection.id,
      keys,
      ...(contract === undefined ? {} : { contract }),
      ...(peer === undefined ? {} : { peer }),
      ...(agent === undefined ? {} : { agent }),
      event: received.id,
      ...(payload.account === undefined ? {} : { account: payload.account.key }),
    },
  });
  const asked = batch.state.connections.get(connection.id);
  if (asked?.dial?.keys !== undefined) welcomeBack(parts, turn, asked.id);
  else if (asked !== undefined)
    await tellOwner(parts, turn, connectionRequestedType, describeConnection(turn, asked), from);
  return { status: 'pending', type };
}

/** The peer that we have reached out to comes in turn: our owner has agreed to that already. */
export function welcomeBack(parts: VaultParts, turn: Turn, id: string): void {
  turn.later(async () => ({
    task: async (next) => {
      const peer = next.batch.state.connections.get(id);
      if (peer?.status === 'requested' && peer.dial?.keys !== undefined)
        await acceptConnection(parts, next, peer, [], undefined);
    },
  }));
}

/** A connection in the words that the owner's app shows. */
export function describeConnection(turn: Turn, connection: Connection): Record<string, unknown> {
  const contract = connection.contract?.contract;
  return {
    connection: connection.id,
    party: connection.party,
    name: connection.name,
    kind: connection.kind,
    status: connection.status,
    calls_itself: connection.dial?.name ?? connection.agent?.name ?? null,
    contract: contract ?? null,
    missing: missingFields(turn.batch.state, contract),
    optional: connection.optional,
    credential_expires: connection.credentialExpires ?? null,
    tokens: connection.bucket?.tokens ?? contract?.limits.burst ?? null,
    ...(connection.kind === 'agent'
      ? { cooling_until: coolingUntil(connection, turn.batch.time) ?? null }
      : {}),
    update: describeOffer(turn.batch.state, connection) ?? null,
  };
}

/** The owner accepts a party that asked to connect. */
export async function acceptConnection(
  parts: VaultParts,
  turn: Turn,
  connection: Connection,
  optional: readonly string[],
  from: number | undefined,
): Promise<void> {
  const { batch } = turn;
  const { name, keys, id, scope, request, account, kind, contract } = connection;
  if (keys === undefined || request === undefined) throw new Error('nobody has asked to connect');
  const party = account ?? connection.party;
  const { granted, recorded } = await letIn(parts, turn, { party, shared: account !== undefined });
  const cause = batch.add({
    kind: 'connected',
    scope,
    ...(from === undefined ? {} : { cause: from }),
    body: {
      connection: id,
      kind,
      party,
      name,
      keys,
      optional,
      ...recorded,
    },
  });
  const critical = batch.state.handlers
    .flatMap(({ manifest }) => manifest.types)
    .filter(({ delivery }) => delivery === 'critical')
    .map(({ type }) => type);
  const grant = kind === 'agent' && contract !== undefined ? { grant: contract } : {};
  const result: ConnectionAccepted = { ...granted, party, optional, critical, ...grant };
  const asked = { id: request, type: 'connection.request', from: cause };
  const question = { connection: id, to: connection.party, ...asked };
  await queueAnswer(parts, turn, question, { status: 'served', type: question.type, result });
  if (kind === 'peer') await beginPeer(parts, turn, connection, cause);
  await notify(parts, turn, { about: 'connection_made', connection: id }, cause);
}

/** A party asks for another credential, before its own ends or after. */
export async function renewCredential(
  parts: VaultParts,
  turn: Turn,
  received: ReceivedEvent,
  from: number,
): Promise<void> {
  const connection = turn.batch.state.connections.get(received.connection);
  if (connection === undefined) throw new Error('nobody has asked');
  const { granted, recorded } = await letIn(parts, turn, wayInOf(connection));
  const cause = turn.batch.add({
    kind: 'credential_renewed',
    scope: connection.scope,
    cause: from,
    body: { connection: connection.id, ...recorded },
  });
  const question = questionOf(received, cause);
  await queueAnswer(parts, turn, question, {
    status: 'served',
    type: question.type,
    result: granted,
  });
}

/** The owner turns a party away. */
export async function declineConnection(
  parts: VaultParts,
  turn: Turn,
  connection: Connection,
  from: number,
): Promise<void> {
  const { id, scope, request } = connection;
  const cause = turn.batch.add({ kind: 'declined', scope, cause: from, body: { connection: id } });
  turn.effects.push(() => shutOut(parts, connection));
  if (request === undefined) return;
  const question = { connection: id, id: request, type: 'connection.request', from: cause };
  await queueAnswer(parts, turn, question, refusal(question.type, 'consent_denied'));
}

/** The owner ends a connection: what waits is refused. When that is durable the party leaves (`Departures`). */
export async function severConnection(
  parts: VaultParts,
  turn: Turn,
  connection: Connection,
  from: number | undefined,
  by: 'owner' | 'peer' | 'vine' = 'owner',
): Promise<void> {
  const { batch } = turn;
  const { id, scope } = connection;
  const body = { connection: id, by };
  turn.effects.push(() => parts.peers.drop(id));
  const because = from === undefined ? {} : { cause: from };
  const cause = batch.add({ kind: 'severed', scope, ...because, body });
  await endOffer(parts, turn, connection, 'connection_severed', cause);
  await expireDue(parts, turn);
  // The last thing that it hears; its credential ends when this is with the server.
  await parts.sealer.queue(batch, {
    ...{ connection: id, type: connectionSeveredType, from: cause },
    payload: { by: 'owner', at: batch.time },
  });
  await notify(parts, turn, { about: 'connection_severed', connection: id }, cause);
}
