import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import {
  type Connection,
  type ConnectionStatus,
  emptyState,
  type Rule,
  type VaultState,
} from '../../../projections/vault-state.ts';
import type { ContractField } from '../../../wire/contract.ts';
import { eventId } from '../../../wire/identifiers.ts';
import type { Reason } from '../../../wire/reasons.ts';
import { now } from './scenario.ts';
import { handshakeContract } from './scenario-contract.ts';
import { handlers } from './scenario-handlers.ts';

/** A command of the owner's app, or a request to connect, and why it must be refused. */
export type CommandCase = {
  readonly about: string;
  readonly type: string;
  readonly payload: object;
  /** Absent where it must be allowed. */
  readonly reason?: Reason;
  /** How many devices the owner has beside the one that speaks; none by default. */
  readonly devices?: number;
};

const vault = 'v'.repeat(26);
const owner = 'o'.repeat(26);
const bytes = new Uint8Array(64);
const ids: Readonly<Record<ConnectionStatus, string>> = {
  invited: 'i'.repeat(26),
  requested: 'r'.repeat(26),
  active: 'a'.repeat(26),
  declined: 'd'.repeat(26),
  severed: 's'.repeat(26),
};
const lacking = 'l'.repeat(26);
const nobody = 'n'.repeat(26);

const removed = 'z'.repeat(26);
const deviceKeys = {
  signing: handshakeContract.key,
  encapsulation: 'A'.repeat(1622),
};
const heldId = eventId(now, new Uint8Array(10).fill(1));
const held = `${ids.active}/${heldId}`;
const word = { request: held, hash: '07'.repeat(32) };

const declared: readonly ContractField[] = [
  field('personal/name', 'required'),
  field('personal/phone', 'optional'),
  field('personal/mail', 'optional'),
  field('personal/address', 'on_demand'),
  field('personal/birthday', 'consent'),
];

const sound = {
  signing: handshakeContract.key,
  encapsulation: 'A'.repeat(1622),
  contract: handshakeContract,
};

/** What most are decided on: one service at each place of its life, fields, and something remembered. */
const commandState: VaultState = {
  ...emptyState,
  vault,
  handlers,
  connections: Table<string, Connection>([
    [owner, device(owner)],
    [removed, { ...device(removed), status: 'severed' }],
    ...Object.entries(ids).map(([status, id]): [string, Connection] => [
      id,
      connection(id, status as ConnectionStatus),
    ]),
    [lacking, under(connection(lacking, 'requested'), [field('personal/passport', 'required')])],
  ]),
  requests: Table([
    [
      held,
      {
        key: held,
        connection: ids.active,
        index: 3,
        receivedAt: now - 1,
        status: 'pending' as const,
        received: {
          subject: '',
          connection: ids.active,
          id: heldId,
          digest: new Uint8Array(32).fill(7),
          bytes: 1,
          epoch: 1,
          seen: 0,
        },
        facts: { fields: ['personal/birthday'], deadline: now + 1 },
      },
    ],
  ]),
  fields: Table(
    ['personal/name', 'health/allergies'].map((name) => [
      name,
      { value: '', scope: '', index: 1, leaf: bytes, at: now },
    ]),
  ),
};

/** Commands, and what must be decided about each. */
export const commandCases: readonly CommandCase[] = [
  ok('owner.accept', { connection: ids.requested, optional: ['personal/phone'] }),
  ok('owner.accept', { connection: ids.requested, optional: [] }),
  no('owner.accept', { connection: ids.active, optional: [] }, 'connection_inactive'),
  no('owner.accept', { connection: nobody, optional: [] }, 'connection_unknown'),
  no('owner.accept', { connection: owner, optional: [] }, 'connection_unknown'),
  no('owner.accept', { connection: lacking, optional: [] }, 'required_field_missing'),
  ...['personal/name', 'personal/birthday', 'personal/other'].map((other) =>
    no(
      'owner.accept',
      { connection: ids.requested, optional: ['personal/phone', other] },
      'field_not_in_contract',
    ),
  ),
  ok('owner.decline', { connection: ids.requested }),
  ok('owner.decline', { connection: ids.invited }),
  no('owner.decline', { connection: ids.active }, 'connection_inactive'),
  ok('owner.sever', { connection: ids.active }),
  no('owner.sever', { connection: ids.severed }, 'connection_inactive'),
  no('owner.sever', { connection: owner }, 'connection_unknown'),
  ...(['invited', 'requested', 'declined', 'severed'] as const).map((status) =>
    ok('owner.forget', { kind: 'connection', name: ids[status] }),
  ),
  no('owner.forget', { kind: 'connection', name: ids.active }, 'connection_inactive'),
  ok('owner.forget', { kind: 'field', name: 'personal/name' }),
  no('owner.forget', { kind: 'field', name: 'personal' }, 'field_absent'),
  ok('owner.forget', { kind: 'namespace', name: 'health' }),
  no('owner.forget', { kind: 'namespace', name: 'health/allergies' }, 'field_absent'),
  ok('owner.grant', { connection: ids.active, fields: ['personal/name', 'personal/address'] }),
  ok('owner.grant', { connection: ids.active, fields: ['personal/phone'] }),
  no(
    'owner.grant',
    { connection: ids.active, fields: ['personal/name', 'personal/mail'] },
    'optional_declined',
  ),
  no('owner.grant', { connection: ids.active, fields: ['personal/birthday'] }, 'malformed'),
  no('owner.grant', { connection: ids.active, fields: ['a/b'] }, 'field_not_in_contract'),
  no('owner.grant', { connection: ids.active, fields: [] }, 'schema_invalid'),
  no('owner.grant', { connection: ids.severed, fields: ['personal/name'] }, 'connection_inactive'),
  ok('owner.rules', {}),
  ok('owner.rules.revoke', { rule: 70 }),
  no('owner.rules.revoke', { rule: 71 }, 'malformed'),
  ...['PT1M', 'P366D'].map((remember) => ok('owner.approve', { ...word, remember })),
  ...['P0D', 'PT0M', 'P366DT1M', 'P9999D'].map((remember) =>
    no('owner.approve', { ...word, remember }, 'malformed'),
  ),
  no('owner.approve', { ...word, remember: 'until_revoked' }, 'schema_invalid'),
  ok('owner.deny', word),
  no('owner.deny', { ...word, hash: 'b'.repeat(64) }, 'malformed'),
  ok('owner.devices', {}),
  ok('owner.pair', { name: 'phone', ...deviceKeys }),
  no('owner.pair', { name: 'phone', ...deviceKeys, signing: `${'A'.repeat(42)}B` }, 'malformed'),
  no(
    'owner.pair',
    { name: 'phone', ...deviceKeys, encapsulation: `${'A'.repeat(1621)}B` },
    'malformed',
  ),
  no('owner.pair', { name: 'phone', ...deviceKeys, signing: 'A'.repeat(43) }, 'duplicate'),
  {
    ...no('owner.pair', { name: 'phone', ...deviceKeys, signing: 'A'.repeat(43) }, 'duplicate'),
    devices: 1,
  },
  { ...ok('owner.pair', { name: 'phone', ...deviceKeys }), devices: 14 },
  { ...no('owner.pair', { name: 'phone', ...deviceKeys }, 'too_large'), devices: 15 },
  no('owner.unpair', { connection: owner }, 'malformed'),
  { ...ok('owner.unpair', { connection: owner }), devices: 1 },
  no('owner.unpair', { connection: ids.active }, 'connection_unknown'),
  no('owner.unpair', { connection: nobody }, 'connection_unknown'),
  { ...no('owner.unpair', { connection: removed }, 'connection_inactive'), devices: 1 },
  no('owner.nothing', {}, 'event_unsupported'),
  no('data.request', { fields: ['personal/name'] }, 'event_unsupported'),
];

/** Requests to connect with the invite that is open. */
export const handshakeCases: readonly CommandCase[] = [
  ok('connection.request', sound),
  no('connection.request', { ...sound, encapsulation: `${'A'.repeat(1621)}B` }, 'malformed'),
  no('connection.request', { ...sound, signing: `${'A'.repeat(42)}B` }, 'malformed'),
  no('connection.request', { ...sound, signing: 'A'.repeat(43) }, 'sender_subject_mismatch'),
  no(
    'connection.request',
    { ...sound, contract: { ...handshakeContract, signature: 'A'.repeat(86) } },
    'signature_invalid',
  ),
];

/** What a case is decided on. */
export function stateFor({ devices = 0 }: CommandCase): VaultState {
  const more = Array.from({ length: devices }, (_, at) => `e${at}`.padEnd(26, 'e'));
  const connections = commandState.connections.merge(more.map((id) => [id, device(id, 9)]));
  return { ...commandState, connections };
}

/** An honest, signed and fresh event of the owner's app, or of whom it has invited. */
export function eventOf({ type, payload }: CommandCase): ReceivedEvent {
  const owners = !type.startsWith('connection.');
  const id = eventId(now, new Uint8Array(10));
  const by = owners ? owner : ids.invited;
  const party = owners ? 'owner' : partyOf(by);
  return {
    subject: owners
      ? `OwnerSpace.${vault}.forVault.${type}`
      : `MessageSpace.${vault}.fromService.${party}.${type}`,
    connection: by,
    id,
    digest: bytes,
    bytes: 100,
    epoch: 1,
    seen: 0,
    event: { id, type, time: now, party, payload: payload as never },
    signature: { bytes, valid: true },
  };
}

function ok(type: string, payload: object): CommandCase {
  return { about: `allows ${type} of ${JSON.stringify(payload).slice(0, 100)}`, type, payload };
}

function no(type: string, payload: object, reason: Reason): CommandCase {
  return {
    ...ok(type, payload),
    about: `${reason}: ${JSON.stringify(payload).slice(0, 100)}`,
    reason,
  };
}

function device(id: string, key = 0): Connection {
  const keys = { signing: new Uint8Array(32).fill(key), encapsulation: bytes };
  return { ...connection(id, 'active'), kind: 'owner', party: 'owner', keys };
}

function connection(id: string, status: ConnectionStatus): Connection {
  const rule: Rule = {
    index: 70,
    at: now,
    connection: id,
    type: 'data.request',
    field: 'personal/birthday',
    purpose: 'greeting',
    contract: '',
    until: now + 1,
    device: '',
  };
  const base: Connection = {
    id,
    kind: 'service',
    status,
    party: partyOf(id),
    name: 'The Shop',
    scope: 'f'.repeat(32),
    optional: status === 'active' ? ['personal/phone'] : [],
    inviteExpires: now + 1,
    served: Table(),
    receiving: Table(),
    seen: 0,
    ...(status === 'active' ? { rules: Table([[70, rule]]) } : {}),
  };
  return status === 'invited' ? base : under(base, declared);
}

function under(base: Connection, fields: readonly ContractField[]): Connection {
  const { contract, ...signed } = handshakeContract;
  return { ...base, contract: { ...signed, contract: { ...contract, fields } } };
}

function field(name: string, tier: ContractField['tier']): ContractField {
  return { name, tier, purpose: 'greeting', retention: 'until_revoked' };
}

function partyOf(id: string): string {
  return `A${id.toUpperCase()}${'B'.repeat(29)}`;
}
