import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import {
  type Connection,
  type ConnectionStatus,
  emptyState,
} from '../../../projections/vault-state.ts';
import { contractHash } from '../../../wire/contract.ts';
import { eventId } from '../../../wire/identifiers.ts';
import { encodeInvite } from '../../../wire/invite.ts';
import type { ConnectionAccepted, Invite } from '../../../wire/messages.ts';
import type { Reason } from '../../../wire/reasons.ts';
import type { PartyCase } from './party-cases.ts';
import { now } from './scenario.ts';
import { handshakeContract, signer } from './scenario-contract.ts';
import { handlers } from './scenario-handlers.ts';

/* Two vaults: what the owner says about peers, and what they say themselves; each with what must be decided about it. */

const vault = 'v'.repeat(26);
const event = eventId(now, new Uint8Array(10).fill(7));
const bytes = new Uint8Array(64);
const keys = { signing: handshakeContract.key, encapsulation: 'A'.repeat(1622) };

const theirs: Invite = {
  v: 1,
  vault: 'w'.repeat(26),
  connection: 'c'.repeat(26),
  party: `A${'D'.repeat(55)}`,
  servers: ['nats://127.0.0.1:4222'],
  credential: { jwt: 'a.b.c', seed: 'S' },
  ...keys,
  ledger: { id: '0'.repeat(32), key: keys.signing },
  expires: now + 1,
};
const invite = encodeInvite(theirs);
const used = encodeInvite({ ...theirs, connection: 'u'.repeat(26) });

const invited = peer('invited');
const knownWay: Connection = { ...peer('invited', 'k'), dial: { invite: used } };
const letIn: Connection = {
  ...peer('active', 'l'),
  dial: { invite: used, accepted: {} as ConnectionAccepted },
};
const waits: Connection = { ...peer('active', 'w'), dial: { invite: used } };
const severed: Connection = { ...letIn, ...{ id: 's'.repeat(26), status: 'severed' as const } };
const service: Connection = { ...peer('active', 'e'), kind: 'service' };
const asked: Connection = { ...peer('invited', 'f'), kind: 'service' };
const device: Connection = { ...peer('active'), id: 'o'.repeat(26), kind: 'owner', party: 'owner' };
const everybody = [device, invited, knownWay, letIn, waits, severed, service, asked];

const nothing = { fields: [], consent: [], types: [] };
const ask = { type: 'data.request', payload: {} };

/** Events about peers, and what must be decided about each. */
export const peerCases: readonly PartyCase[] = [
  says(device, 'owner.connect', { label: 'Bob', invite }),
  says(device, 'owner.connect', { label: 'Bob', invite: 'none' }, 'malformed'),
  says(device, 'owner.connect', { label: 'Bob', invite: used }, 'duplicate'),
  says(
    device,
    'owner.connect',
    { label: 'Me', invite: encodeInvite({ ...theirs, vault }) },
    'malformed',
  ),
  says(
    device,
    'owner.connect',
    { label: 'Bob', invite: encodeInvite({ ...theirs, expires: now }) },
    'expired',
  ),
  says(device, 'owner.share', { connection: letIn.id, ...nothing }),
  says(device, 'owner.share', { connection: waits.id, ...nothing, fields: ['a/b'] }),
  says(device, 'owner.share', {
    connection: letIn.id,
    ...nothing,
    fields: ['a/b'],
    consent: ['a/c'],
  }),
  says(
    device,
    'owner.share',
    { connection: letIn.id, ...nothing, fields: ['a/b', 'a/c'], consent: ['a/c'] },
    'malformed',
  ),
  says(device, 'owner.share', { connection: 'n'.repeat(26), ...nothing }, 'connection_unknown'),
  says(device, 'owner.share', { connection: service.id, ...nothing }, 'connection_unknown'),
  says(device, 'owner.share', { connection: severed.id, ...nothing }, 'connection_inactive'),
  says(device, 'owner.share', { connection: invited.id, ...nothing }, 'connection_inactive'),
  says(device, 'owner.ask', { connection: letIn.id, ...ask }),
  says(device, 'owner.ask', { connection: letIn.id, ...ask, type: 'peer.shares' }),
  says(
    device,
    'owner.ask',
    { connection: letIn.id, ...ask, type: 'connection.keys' },
    'event_unsupported',
  ),
  says(device, 'owner.ask', { connection: waits.id, ...ask }, 'connection_inactive'),
  says(device, 'owner.ask', { connection: severed.id, ...ask }, 'connection_inactive'),
  says(device, 'owner.ask', { connection: service.id, ...ask }, 'connection_unknown'),
  says(device, 'owner.ask', { connection: 'n'.repeat(26), ...ask }, 'connection_unknown'),
  says(invited, 'connection.request', { ...keys, peer: { name: 'Bob', invite } }),
  says(invited, 'connection.request', { ...keys, peer: { name: 'Bob' } }, 'schema_invalid'),
  says(
    invited,
    'connection.request',
    { ...keys, peer: { name: 'Bob', invite: 'none' } },
    'malformed',
  ),
  says(invited, 'connection.request', { ...keys, contract: handshakeContract }, 'schema_invalid'),
  says(
    invited,
    'connection.request',
    { ...keys, contract: handshakeContract, peer: { name: 'Bob', invite } },
    'schema_invalid',
  ),
  says(knownWay, 'connection.request', { ...keys, peer: { name: 'Bob' } }),
  says(
    knownWay,
    'connection.request',
    { ...keys, peer: { name: 'Bob', invite } },
    'schema_invalid',
  ),
  says(asked, 'connection.request', { ...keys, contract: handshakeContract }),
  says(asked, 'connection.request', { ...keys, peer: { name: 'Bob', invite } }, 'schema_invalid'),
  says(
    asked,
    'connection.request',
    { ...keys, contract: handshakeContract, peer: { name: 'Bob', invite } },
    'schema_invalid',
  ),
  says(letIn, 'peer.shares', {}),
  says(service, 'peer.shares', {}, 'event_unsupported'),
];

function peer(status: ConnectionStatus, letter = 'i'): Connection {
  const id = letter.repeat(26);
  return {
    ...{ id, kind: 'peer', status, party: `A${id.toUpperCase()}${'B'.repeat(29)}`, name: 'Bob' },
    ...{ scope: 'f'.repeat(32), optional: [], inviteExpires: now + 1, seen: 0 },
    served: Table(),
    receiving: Table(),
    ...(status === 'invited'
      ? {}
      : {
          keys: { signing: signer.publicKey, encapsulation: bytes },
          contract: handshakeContract,
          contractHash: contractHash(handshakeContract.contract),
        }),
  };
}

function says(from: Connection, type: string, payload: object, reason?: Reason): PartyCase {
  const subject =
    from.kind === 'owner'
      ? `OwnerSpace.${vault}.forVault.${type}`
      : `MessageSpace.${vault}.fromService.${from.party}.${type}`;
  const received: ReceivedEvent = {
    subject,
    ...{ connection: from.id, id: event, digest: bytes, bytes: 100, epoch: 1, seen: 0 },
    event: { id: event, type, time: now, party: from.party, payload: payload as never },
    signature: { bytes, valid: true },
  };
  const connections = Table(everybody.map((one) => [one.id, one] as const));
  const said = JSON.stringify(payload).replaceAll(/[A-Za-z0-9_-]{60,}/g, '…');
  const about = `${reason ?? 'allows'}: ${from.name} (${from.id[0]}) ${type} ${said}`;
  const base = { about, state: { ...emptyState, vault, handlers, connections }, received };
  return reason === undefined ? base : { ...base, reason };
}
