import { readFileSync } from 'node:fs';
import { Map as Table } from 'immutable';
import type { InstalledHandler, ReceivedEvent } from '../ledger/bodies.ts';
import {
  type Connection,
  type EpochState,
  emptyState,
  eventKey,
  type SeenEvent,
  type VaultState,
} from '../projections/vault-state.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import { withSharedLines } from '../wire/contract-fields.ts';
import { permissionNames, tiers } from '../wire/contract-words.ts';
import { eventId, identifierFrom } from '../wire/identifiers.ts';
import type { HandlerManifest, Permission } from '../wire/manifest.ts';

/** Moment of every decision, Unix milliseconds. */
export const now = 1_790_000_000_000;
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const vault = identifierFrom(numbered(16, 0));
const purposes = ['fulfilment', 'age_check', 'customer_support', 'marketing'];
const retentions = ['P30D', 'until_revoked', 'P1DT12H'];
const fieldsPerContract = 40;
/** Ids of events that the vault remembers: two weeks of a busy one. */
const remembered = 20_000;

/** A vault at rest: what it is, and the handlers that this image has. */
export function idleVault(): VaultState {
  const names = ['data-request', 'payment-request'];
  const handlers = names.map((name): InstalledHandler => {
    const url = new URL(`../../handlers/${name}/handler.json`, import.meta.url);
    return { manifest: JSON.parse(readFileSync(url, 'utf8')) as HandlerManifest, digest: name };
  });
  return { ...emptyState, vault, handlers, size: 2, time: now };
}

/** The same with services, each under a contract of its own with 40 fields, ten of each tier. */
export function vaultWith(connections: number): VaultState {
  const idle = idleVault();
  const all = Array.from({ length: connections }, (_, at) => connectionOf(at + 1));
  const seen = Array.from({ length: remembered }, (_, at): [string, SeenEvent] => {
    const from = all[at % all.length]?.id ?? '';
    const time = now - remembered + at;
    return [eventKey(from, eventId(time, numbered(10, at))), { digest: 'd'.repeat(64), time }];
  });
  return {
    ...idle,
    seen: Table(seen),
    connections: Table(all.map((one) => [one.id, one])),
    parties: Table(all.map((one) => [one.party, one.id])),
  };
}

/** The same, whose services do not make the ids of their events in order: each has to be looked up. */
export function outOfOrder(state: VaultState): VaultState {
  const newest = eventId(now + 1_000_000, numbered(10, 0));
  return { ...state, connections: state.connections.map((one) => ({ ...one, newest })) };
}

/**
 * Requests of the first so many services in turn, of three fields each: six of ten are to be served, two wait for the owner, one
 * asks for a field that is not declared and one under another version.
 */
export function requestsTo(
  state: VaultState,
  asking: number,
  count: number,
): readonly ReceivedEvent[] {
  const all = [...state.connections.values()].slice(0, asking);
  return Array.from({ length: count }, (_, at) => {
    const connection = all[at % all.length];
    if (connection === undefined) throw new RangeError('there is no connection');
    return requestOf(connection, at);
  });
}

function requestOf(connection: Connection, at: number): ReceivedEvent {
  const id = eventId(now, numbered(10, at));
  const kind = at % 10;
  const first =
    kind < 6
      ? ['required_1', 'on_demand_2', 'optional_3']
      : ['consent_1', 'consent_2', 'on_demand_3'];
  const fields = kind === 8 ? ['nothing_1', 'required_1', 'required_2'] : first;
  const { contract } = connection.contract ?? {};
  return {
    subject: `MessageSpace.${vault}.fromService.${connection.party}.data.request`,
    connection: connection.id,
    id,
    digest: numbered(32, at),
    bytes: 700,
    epoch: 1,
    seen: 1,
    event: {
      id,
      type: 'data.request',
      time: now - 20,
      party: connection.party,
      contract: {
        id: contract?.id ?? '',
        version: (contract?.version ?? 0) + (kind === 9 ? 1 : 0),
        hash: connection.contractHash ?? '',
      },
      payload: { fields: fields.map((name) => `personal/${name}`) },
    },
    signature: { bytes: numbered(64, at), valid: true },
  };
}

function connectionOf(number: number): Connection {
  const contract = contractOf(number);
  const names = contract.fields.map(({ name }) => name);
  const epoch: EpochState = {
    number: 1,
    key: numbered(32, number),
    encapsulationHash: numbered(32, number),
    at: now - 1_000,
  };
  const [recipient, encapsulation, signature] = [
    numbered(8, 1),
    numbered(1120, 1),
    numbered(64, 1),
  ];
  return {
    id: identifierFrom(numbered(16, number)),
    kind: 'service',
    status: 'active',
    party: partyOf(number),
    name: contract.service.name,
    scope: 'f'.repeat(32),
    keys: { signing: numbered(32, number), encapsulation: numbered(1216, number) },
    contract: withSharedLines({ contract, key: 'k'.repeat(43), signature: 's'.repeat(86) }),
    contractHash: contractHash(contract),
    optional: names.filter((name) => name.includes('optional')),
    credentialExpires: now + 1_000_000_000,
    bucket: { tokens: 1_000, at: now - 1_000 },
    served: Table(names.slice(0, 5).map((name) => [name, now - 1_000])),
    receiving: Table([[1, epoch]]),
    sending: { ...epoch, opening: { recipient, encapsulation, signature }, count: 1 },
    seen: 1,
    newest: eventId(now - 1, numbered(10, 0)),
  };
}

/** Read from JSON, as a vault reads it. Services do not all say the same of a field: 480 different lines in all. */
function contractOf(number: number): Contract {
  const permissions = Object.fromEntries(permissionNames.map((name) => [name, true]));
  const contract: Contract = {
    v: 1,
    id: `service-${number}`,
    version: 1,
    service: { id: `service-${number}`, name: `Service ${number}` },
    title: 'What we sell, and what it takes',
    description: 'We send you what you order, and check your age where the law asks for it.',
    published: now - 1_000_000,
    fields: Array.from({ length: fieldsPerContract }, (_, at) => ({
      name: `personal/${tiers[at % 4]}_${Math.floor(at / 4)}`,
      tier: tiers[at % 4] ?? 'consent',
      purpose: purposes[(number + at) % 4] ?? '',
      retention: retentions[(number * 7 + at) % 3] ?? '',
    })),
    permissions: permissions as Record<Permission, boolean>,
    limits: { requests_per_hour: 100_000, burst: 1_000_000 },
  };
  return JSON.parse(JSON.stringify(contract)) as Contract;
}

function partyOf(number: number): string {
  const tail = [...numbered(5, number)].map((byte) => base32[byte % 32]).join('');
  return `A${'B'.repeat(50)}${tail}`;
}

/** Bytes that end with a number. */
function numbered(length: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (
    let at = length - 1, left = number;
    left > 0 && at >= 0;
    at -= 1, left = Math.floor(left / 32)
  )
    bytes[at] = left % 32;
  return bytes;
}
