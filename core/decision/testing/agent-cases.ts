import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import { type Connection, emptyState, type VaultState } from '../../../projections/vault-state.ts';
import type { AgentGrant, GrantScope } from '../../../wire/agent-terms.ts';
import { contractHash } from '../../../wire/contract.ts';
import { eventId } from '../../../wire/identifiers.ts';
import type { Reason } from '../../../wire/reasons.ts';
import type { PartyCase } from './party-cases.ts';
import type { RecordedCase } from './recorded-cases.ts';
import { now } from './scenario.ts';
import { handshakeContract, signer } from './scenario-contract.ts';
import { handlers } from './scenario-handlers.ts';

/* Grants that the owner writes, and what agents say of themselves; each with what must be decided about it. */

const vault = 'v'.repeat(26);
const event = eventId(now, new Uint8Array(10).fill(6));
const bytes = new Uint8Array(64);
const rate = { per_hour: 10, burst: 2 };
const name: GrantScope = {
  ...{ name: 'name', type: 'data.request', fields: ['personal/full_name'] },
  ...{ purpose: 'shopping', approval: 'auto', rate },
};
const pay: GrantScope = {
  ...{ name: 'pay', type: 'payment.request', purpose: 'shopping', approval: 'ask', rate },
};

function grant(scopes: readonly GrantScope[], other: Partial<AgentGrant> = {}): AgentGrant {
  const cool_down = { refusals: 5, within_minutes: 60, minutes: 30 };
  return { scopes, expires: 'P30D', rate, cool_down, ...other };
}

const storing = { ...pay, type: 'storage.put' };
const storage = { categories: ['notes'], megabytes: 1 };
const signing = { ...pay, type: 'signature.request' };

const sound: readonly AgentGrant[] = [
  grant([name, pay]),
  grant([name, { ...pay, approval: 'auto' }]),
  grant([storing], { storage }),
  grant([signing]),
  grant([{ ...name, type: 'identity.request', approval: 'ask' }]),
  grant([name], { expires: now + 1 }),
];
const unsound: readonly AgentGrant[] = [
  grant([name, { ...name, name: 'again' }]),
  grant([pay, { ...name, type: 'horoscope.request' }]),
  grant([name, { ...pay, fields: ['personal/city'] }]),
  grant([{ ...pay, type: 'data.request' }]),
  grant([storing]),
  grant([{ ...signing, approval: 'auto' }]),
  grant([{ ...name, targets: ['Shop.example'] }]),
  grant([name], { expires: now }),
  grant([name], { expires: 'P400D' }),
];

const statuses = ['invited', 'requested', 'active', 'declined', 'severed'] as const;
const agents = statuses.map((status) => party('agent', status));
const service = party('service', 'active');
const peer = party('peer', 'invited');
const device: Connection = {
  ...party('service', 'active'),
  id: 'o'.repeat(26),
  kind: 'owner',
  party: 'owner',
};
const [invited, , active] = agents as [Connection, Connection, Connection];
const uninvited = party('service', 'invited');
const keys = { signing: handshakeContract.key, encapsulation: 'A'.repeat(1622) };
const offer = { agent: { name: 'helper' } };

/** Events about agents, and what must be decided about each. */
export const agentCases: readonly PartyCase[] = [
  says(device, 'owner.invite', { label: 'X' }),
  says(device, 'owner.invite', { label: 'X', peer: true }),
  ...sound.map((agent) => says(device, 'owner.invite', { label: 'X', agent })),
  ...unsound.map((agent) => says(device, 'owner.invite', { label: 'X', agent }, 'malformed')),
  says(device, 'owner.invite', { label: 'X', peer: false, agent: grant([name]) }),
  says(device, 'owner.invite', { label: 'X', peer: true, agent: grant([name]) }, 'malformed'),
  ...agents.map(({ id, status }) =>
    says(
      device,
      'owner.agent',
      { connection: id, grant: grant([name]) },
      status === 'declined' || status === 'severed' ? 'connection_inactive' : undefined,
    ),
  ),
  ...[service.id, device.id, 'n'.repeat(26)].map((connection) =>
    says(device, 'owner.agent', { connection, grant: grant([name]) }, 'connection_unknown'),
  ),
  ...unsound.map((wrong) =>
    says(device, 'owner.agent', { connection: active.id, grant: wrong }, 'malformed'),
  ),
  says(invited, 'connection.request', { ...keys, ...offer }),
  says(invited, 'connection.request', keys, 'schema_invalid'),
  says(invited, 'connection.request', { ...keys, contract: handshakeContract }, 'schema_invalid'),
  says(
    invited,
    'connection.request',
    { ...keys, ...offer, contract: handshakeContract },
    'schema_invalid',
  ),
  says(invited, 'connection.request', { ...keys, ...offer, peer: { name: '' } }, 'schema_invalid'),
  says(uninvited, 'connection.request', { ...keys, contract: handshakeContract }),
  says(uninvited, 'connection.request', { ...keys, ...offer }, 'schema_invalid'),
  says(
    uninvited,
    'connection.request',
    { ...keys, ...offer, contract: handshakeContract },
    'schema_invalid',
  ),
  says(peer, 'connection.request', { ...keys, ...offer }, 'schema_invalid'),
  says(peer, 'connection.request', { ...keys, ...offer, peer: { name: '' } }, 'schema_invalid'),
  says(active, 'agent.grant', {}),
  says(active, 'agent.grant', { target: 'shop.example' }, 'schema_invalid'),
  says(service, 'agent.grant', {}, 'event_unsupported'),
  says(active, 'contract.update', { contract: handshakeContract }, 'event_unsupported'),
  says(active, 'peer.shares', {}, 'event_unsupported'),
  says(active, 'note.send', { target: 'shop.example' }),
  says(active, 'note.send', null, 'schema_invalid'),
  says(service, 'note.send', { target: 'shop.example' }, 'schema_invalid'),
  says(service, 'note.send', {}),
];

const plenty = { tokens: 10, requests_per_hour: 10, burst: 10, scopes: { note: 2 } };

/** What checks have recorded. Where two scopes of a grant contradict each other all the same, the one that asks counts. */
export const agentRecorded: readonly RecordedCase[] = [
  {
    ...says(active, 'payment.request', { order: 'A-1' }),
    about: 'a type that one scope gives and another asks for',
    check: 'tier',
    recorded: { result: 'hold', inputs: { tiers: {}, always: true } },
  },
  {
    ...says({ ...active, agent: { cooling: { refusals: [], until: now + 1 } } }, 'note.send', {}),
    about: 'an agent that cools down, and until when',
    check: 'rate',
    recorded: {
      ...{ result: 'fail', reason: 'rate_limited' },
      detail: 'too much of it was refused: it cools down',
      inputs: { ...plenty, cooling_until: now + 1 },
    },
  },
  {
    ...says(active, 'note.send', {}),
    about: 'an agent that does not',
    check: 'rate',
    recorded: { result: 'pass', inputs: plenty },
  },
];

/** Somebody, under a contract in which an agent may do what is tried here. */
function party(kind: Connection['kind'], status: Connection['status']): Connection {
  const id = `${kind}${status}`
    .replaceAll(/[^a-z]/g, '')
    .padEnd(26, 'x')
    .slice(0, 26);
  const { contract, ...signed } = handshakeContract;
  const scopes = [
    { ...pay, name: 'given', approval: 'auto' as const },
    pay,
    { ...pay, name: 'note', type: 'note.send', approval: 'auto' as const },
  ];
  const { cool_down } = grant(scopes);
  const under = {
    ...{ ...contract, limits: { requests_per_hour: 10, burst: 10 } },
    permissions: { ...contract.permissions, payment: true },
    ...(kind === 'agent' ? { agent: { scopes, cool_down } } : {}),
  };
  return {
    ...{ id, kind, status, party: `A${id.toUpperCase()}${'B'.repeat(29)}`, name: 'X' },
    ...{ scope: 'f'.repeat(32), optional: [], inviteExpires: now + 1, seen: 0 },
    served: Table(),
    receiving: Table(),
    ...(status === 'invited' ? {} : { keys: { signing: signer.publicKey, encapsulation: bytes } }),
    ...(kind === 'peer' ? { dial: { invite: '' } } : {}),
    contract: { ...signed, contract: under },
    contractHash: contractHash(under),
  };
}

function says(from: Connection, type: string, payload: unknown, reason?: Reason): PartyCase {
  const subject =
    from.kind === 'owner'
      ? `OwnerSpace.${vault}.forVault.${type}`
      : `MessageSpace.${vault}.fromService.${from.party}.${type}`;
  const { id, version } = from.contract?.contract ?? { id: '', version: 1 };
  const contract = { id, version, hash: from.contractHash ?? '' };
  const said = { id: event, type, time: now, party: from.party, payload: payload as never };
  const received: ReceivedEvent = {
    subject,
    ...{ connection: from.id, id: event, digest: bytes, bytes: 100, epoch: 1, seen: 0 },
    event: { ...said, contract },
    signature: { bytes, valid: true },
  };
  const about = `${reason ?? 'allows'}: ${from.kind} ${type} ${JSON.stringify(payload).slice(0, 300)}`;
  const base = { about, state: stateWith(from), received };
  return reason === undefined ? base : { ...base, reason };
}

function stateWith(from: Connection): VaultState {
  const all = [...agents, service, device, from];
  const connections = Table(all.map((one) => [one.id, one] as const));
  return { ...emptyState, vault, handlers, connections };
}
