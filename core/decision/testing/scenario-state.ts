import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import {
  type Connection,
  emptyState,
  entryKey,
  eventKey,
  type OpenRequest,
  type StoredField,
  type VaultState,
} from '../../../projections/vault-state.ts';
import { toHex } from '../../../wire/bytes.ts';
import { contractHash } from '../../../wire/contract.ts';
import type { Event } from '../../../wire/event.ts';
import { eventId } from '../../../wire/identifiers.ts';
import { now, type Scenario, type ScenarioConnection } from './scenario.ts';
import { accountHolder, accountProof } from './scenario-account.ts';
import { bucketsOf } from './scenario-buckets.ts';
import { handshakeContract, inForce, nextOf, publishedBy } from './scenario-contract.ts';
import { handlers } from './scenario-handlers.ts';
import { rulesBefore, rulesOf } from './scenario-rules.ts';

/** A scenario as `decide` is given it. */
export type Given = {
  readonly state: VaultState;
  readonly received: ReceivedEvent;
  readonly time: number;
};

const vault = 'v'.repeat(26);
const connectionId = 'c'.repeat(26);
const ownerParty = 'owner';
const serviceParty = `A${'B'.repeat(55)}`;
const otherParty = `A${'C'.repeat(55)}`;
const random = (fill: number): Uint8Array => new Uint8Array(10).fill(fill);
const id = eventId(now, random(1));
const heldKey = eventKey(connectionId, eventId(now, random(3)));
const scope = 'f'.repeat(32);
const digest = new Uint8Array(32).fill(7);
const heldDigest = new Uint8Array(32).fill(8);

/** The state and the event that a scenario describes. */
export function given(scenario: Scenario): Given {
  return { state: stateOf(scenario), received: receivedOf(scenario), time: now };
}

function stateOf(scenario: Scenario): VaultState {
  const { connection, seen, done } = scenario;
  const party = partyOf(scenario);
  const newest = seen === 'no' ? eventId(now - 1, random(1)) : id;
  const known = connection && { ...connectionOf(connection, scenario.space, party), newest };
  const held = heldOf(scenario);
  const before = { digest: seen === 'same bytes' ? toHex(digest) : 'e'.repeat(64), time: now };
  return {
    ...emptyState,
    vault,
    handlers,
    connections: Table(
      [known, ...(scenario.account === 'taken' ? [accountHolder] : [])].flatMap((one) =>
        one === undefined ? [] : [[one.id, one] as const],
      ),
    ),
    seen: seen === 'no' ? Table() : Table([[eventKey(connectionId, id), before]]),
    fields: Table(scenario.holds.map((name) => [name, stored])),
    once: done ? Table([[`${connectionId}/payment.request/A-1`, 4]]) : Table(),
    requests: Table([...(held === undefined ? [] : [held]), ...decidedBefore(scenario)].map(byKey)),
    entries: entriesOf(scenario),
  };
}

const stored: StoredField = { value: '', scope: '', index: 1, leaf: digest, at: now };

function byKey(request: OpenRequest): [string, OpenRequest] {
  return [request.key, request];
}

/** The request of the event itself, where it is decided about again. */
function decidedBefore(scenario: Scenario): OpenRequest[] {
  const { round, before } = scenario;
  if (round === 'first') return [];
  const key = eventKey(connectionId, id);
  const open = { key, connection: connectionId, index: 5, receivedAt: now - 1 };
  const received = receivedOf(scenario);
  const rules = rulesBefore(scenario);
  return [
    rules === undefined
      ? { ...open, received, status: 'pending', facts: {}, approved: before.approved }
      : { ...open, received, status: 'running', facts: { rules } },
  ];
}

/** The entry that is there under the key which a scenario stores. */
function entriesOf({ connection, entry: { category } }: Scenario): VaultState['entries'] {
  const bytes = connection?.stored?.replaced ?? 0;
  if (bytes === 0) return Table();
  const key = 'A-1';
  const about = { connection: connectionId, category, key, bytes };
  const value = { value: '', scope, index: 2, leaf: digest, at: now };
  return Table([[entryKey(connectionId, category, key), { ...about, ...value }]]);
}

function connectionOf(
  connection: ScenarioConnection,
  space: Scenario['space'],
  party: string,
): Connection {
  const {
    status,
    optional,
    servedAgo,
    stored: room,
    inviteExpiresIn,
    servedIn,
    credential,
  } = connection;
  const served = Object.entries(servedAgo).map(([name, ago]) => [name, now - ago] as const);
  const epoch = servedIn === 'another' ? 2 : 1;
  return {
    id: connectionId,
    kind: space === 'owner' ? 'owner' : 'service',
    status,
    party,
    name: 'The Shop',
    scope,
    optional,
    served: Table(served),
    ...(servedIn === 'unknown' ? {} : { sessions: Table(served.map(([name]) => [name, epoch])) }),
    rules: Table(rulesOf(connection)),
    receiving: Table(),
    seen: 0,
    inviteExpires: now + inviteExpiresIn,
    ...acceptedContract(connection),
    ...bucketsOf(connection),
    ...(room === undefined ? {} : { stored: { scope, bytes: room.bytes } }),
    ...(credential === undefined
      ? {}
      : {
          credentialIssued: now - credential.issuedAgo,
          credentialExpires: now - credential.issuedAgo + credential.lasts,
        }),
  };
}

function acceptedContract({
  contract,
  contractExpiresIn,
  frozen,
}: ScenarioConnection): Pick<Connection, 'contract' | 'contractHash' | 'offered'> {
  if (contract === undefined) return {};
  const ending = inForce(contract, contractExpiresIn);
  const { key } = handshakeContract;
  const next = nextOf(ending);
  const offered = {
    contract: { contract: next, key, signature: '' },
    hash: contractHash(next),
    event: id,
    at: now,
  };
  return {
    contract: { contract: ending, key, signature: '' },
    contractHash: contractHash(ending),
    ...(frozen ? { offered } : {}),
  };
}

function receivedOf(scenario: Scenario): ReceivedEvent {
  const { type, outside, envelope, signature } = scenario;
  const outer = outside === 'other type' ? 'note.other' : type;
  const shared = {
    subject: subjectOf(scenario, outer),
    connection: connectionId,
    id,
    digest,
    bytes: 500,
    epoch: 1,
    seen: 0,
  };
  if (envelope !== undefined)
    return { ...shared, failure: { reason: envelope, detail: 'does not open' } };
  const bytes = new Uint8Array(64);
  const stores = type === 'storage.put' ? { valueBytes: scenario.entry.valueBytes } : {};
  const signed = signature === 'none' ? {} : { signature: { bytes, valid: signature === 'valid' } };
  return { ...shared, event: eventOf(scenario), ...signed, ...stores };
}

/** The owner's space has one sender only: another one arrives as a service. */
function subjectOf(scenario: Scenario, type: string): string {
  const { space, subjectSender, away } = scenario;
  const party = subjectSender === 'party' ? partyOf(scenario) : otherParty;
  if (space === 'owner' && subjectSender === 'party')
    return `OwnerSpace.${vault}.${away ? 'forApp' : 'forVault'}.${type}`;
  return away
    ? `MessageSpace.${party}.fromVault.${vault}.${type}`
    : `MessageSpace.${vault}.fromService.${party}.${type}`;
}

function eventOf(scenario: Scenario): Event {
  const { type, sentAgo, expiresIn, eventSender, outside, names: named, connection } = scenario;
  const { contract, contractExpiresIn } = connection ?? {};
  const accepted = contract && contractHash(inForce(contract, contractExpiresIn));
  const ref = {
    id: named === 'other id' ? 'another' : (contract?.id ?? 'shop.orders'),
    version: (contract?.version ?? 1) + (named === 'other version' ? 1 : 0),
    hash: named === 'other hash' ? 'b'.repeat(64) : (accepted ?? 'a'.repeat(64)),
  };
  return {
    id: outside === 'other id' ? eventId(now, random(2)) : id,
    type,
    time: now - sentAgo,
    party: eventSender === 'party' ? partyOf(scenario) : otherParty,
    ...(expiresIn === undefined ? {} : { expires: now + expiresIn }),
    ...(named === 'none' ? {} : { contract: ref }),
    payload: payloadOf(scenario) as never,
  };
}

function payloadOf(scenario: Scenario): object {
  const { type, fields, purpose, unfit, word: said, account } = scenario;
  const odd = unfit ? { unknown: true } : {};
  switch (type) {
    case 'data.request':
    case 'location.request':
    case 'identity.request':
      return {
        fields: unfit ? fields.join() : fields,
        ...(purpose === undefined ? {} : { purpose }),
        ...odd,
      };
    case 'storage.put':
      return { category: scenario.entry.category, key: 'A-1', value: '', ...odd };
    case 'payment.request':
      return { order: 'A-1', ...odd };
    case 'owner.approve': {
      const hash = toHex(said.hash === 'right' ? heldDigest : digest);
      const some = { asked: ['personal/full_name'], others: ['health/allergies'], all: undefined };
      const chosen = some[said.fields];
      return {
        request: heldKey,
        hash,
        ...(chosen === undefined ? {} : { fields: chosen }),
        ...odd,
      };
    }
    case 'connection.request':
      return {
        signing: handshakeContract.key,
        encapsulation: 'A'.repeat(1622),
        contract: handshakeContract,
        ...(account === 'none'
          ? {}
          : { account: accountProof(account, { vault, connection: connectionId, event: id }) }),
        ...odd,
      };
    case 'contract.update':
      return { contract: publishedBy(scenario), ...odd };
    default:
      return odd;
  }
}

/** A request that waits for the owner, or did. */
function heldOf({ word: { request, deadlineIn } }: Scenario): OpenRequest | undefined {
  if (request === 'none') return undefined;
  return {
    key: heldKey,
    connection: connectionId,
    index: 3,
    receivedAt: now - 1,
    status: request === 'runs' ? 'running' : 'pending',
    received: {
      subject: '',
      connection: connectionId,
      id,
      digest: heldDigest,
      bytes: 1,
      epoch: 1,
      seen: 0,
    },
    facts: {
      fields: ['personal/full_name'],
      ...(request === 'waits' ? { deadline: now + deadlineIn } : {}),
    },
  };
}

function partyOf({ space }: Scenario): string {
  return space === 'owner' ? ownerParty : serviceParty;
}
