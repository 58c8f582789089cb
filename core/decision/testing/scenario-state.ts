import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import {
  type Connection,
  emptyState,
  eventKey,
  type OpenRequest,
  type Rule,
  type StoredField,
  type VaultState,
} from '../../../projections/vault-state.ts';
import { toHex } from '../../../wire/bytes.ts';
import type { Contract } from '../../../wire/contract.ts';
import type { Event } from '../../../wire/event.ts';
import { eventId } from '../../../wire/identifiers.ts';
import { fieldNames } from '../../../wire/testing/contracts.ts';
import { now, type Scenario, type ScenarioConnection } from './scenario.ts';
import { handlers, handshakeContractSigned } from './scenario-handlers.ts';

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
const digest = new Uint8Array(32).fill(7);
const heldDigest = new Uint8Array(32).fill(8);
const accepted = 'a'.repeat(64);

/** The state and the event that a scenario describes. */
export function given(scenario: Scenario): Given {
  return { state: stateOf(scenario), received: receivedOf(scenario), time: now };
}

function stateOf(scenario: Scenario): VaultState {
  const { connection, seen, done } = scenario;
  const party = partyOf(scenario);
  const known = connection && connectionOf(connection, scenario.space, party);
  const held = heldOf(scenario);
  const before = { digest: seen === 'same bytes' ? toHex(digest) : 'e'.repeat(64), time: now };
  return {
    ...emptyState,
    vault,
    handlers,
    connections: known === undefined ? Table() : Table([[connectionId, known]]),
    seen: seen === 'no' ? Table() : Table([[eventKey(connectionId, id), before]]),
    fields: Table(scenario.holds.map((name) => [name, stored])),
    once: done ? Table([[`${connectionId}/payment.request/A-1`, 4]]) : Table(),
    requests: Table([...(held === undefined ? [] : [held]), ...decidedBefore(scenario)].map(byKey)),
  };
}

const stored: StoredField = { value: '', scope: '', index: 1, leaf: digest, at: now };

function byKey(request: OpenRequest): [string, OpenRequest] {
  return [request.key, request];
}

/** The request of the event itself, where it is decided about again. */
function decidedBefore(scenario: Scenario): OpenRequest[] {
  const { round, before, fields, connection } = scenario;
  if (round === 'first') return [];
  const key = eventKey(connectionId, id);
  const open = { key, connection: connectionId, index: 5, receivedAt: now - 1 };
  const received = receivedOf(scenario);
  const named = fields.map((name) => [name, ruleIndex(name, before.rules)]);
  const isRuled = before.rules !== 'none' && fields.every((name) => connection?.remembered[name]);
  return [
    isRuled
      ? { ...open, received, status: 'running', facts: { rules: Object.fromEntries(named) } }
      : { ...open, received, status: 'pending', facts: {}, approved: before.approved },
  ];
}

function ruleIndex(name: string, rules: Scenario['before']['rules']): number {
  return 100 + fieldNames.indexOf(name) + (rules === 'replaced since' ? 50 : 0);
}

function rulesOf({ remembered, contract }: ScenarioConnection): [number, Rule][] {
  return Object.entries(remembered).map(([field, { endsIn, fits }]) => {
    const purpose = contract?.fields.find(({ name }) => name === field)?.purpose ?? '';
    const index = ruleIndex(field, 'those of now');
    const rule: Rule = {
      index,
      at: now - 1,
      connection: connectionId,
      field,
      type: fits === 'other type' ? 'payment.request' : 'data.request',
      purpose: fits === 'other purpose' ? `${purpose}_too` : purpose,
      contract: fits === 'other contract' ? 'b'.repeat(64) : accepted,
      until: now + endsIn,
      device: '',
    };
    return [index, rule];
  });
}

function connectionOf(
  known: ScenarioConnection,
  space: Scenario['space'],
  party: string,
): Connection {
  const { bucket, contract, contractExpiresIn, servedIn } = known;
  const served = Object.entries(known.servedAgo).map(([name, ago]) => [name, now - ago] as const);
  const epoch = servedIn === 'another' ? 2 : 1;
  return {
    id: connectionId,
    kind: space === 'owner' ? 'owner' : 'service',
    status: known.status,
    party,
    name: 'The Shop',
    scope: 'f'.repeat(32),
    optional: known.optional,
    served: Table(served),
    ...(servedIn === 'unknown' ? {} : { sessions: Table(served.map(([name]) => [name, epoch])) }),
    rules: Table(rulesOf(known)),
    receiving: Table(),
    seen: 0,
    inviteExpires: now + known.inviteExpiresIn,
    ...(contract === undefined ? {} : acceptedContract(contract, contractExpiresIn)),
    ...(bucket === undefined
      ? {}
      : { bucket: { tokens: bucket.tokens, at: now - bucket.countedAgo } }),
  };
}

function acceptedContract(
  contract: Contract,
  expiresIn: number | undefined,
): Pick<Connection, 'contract' | 'contractHash'> {
  const { expires: _, ...endless } = contract;
  const ending = expiresIn === undefined ? endless : { ...endless, expires: now + expiresIn };
  return { contract: { contract: ending, key: '', signature: '' }, contractHash: accepted };
}

function receivedOf(scenario: Scenario): ReceivedEvent {
  const { space, type, subjectSender, outside, envelope, signature } = scenario;
  const party = subjectSender === 'party' ? partyOf(scenario) : otherParty;
  const outer = outside === 'other type' ? 'note.other' : type;
  // The owner's space has one sender only: another one arrives as a service.
  const owners = space === 'owner' && subjectSender === 'party';
  const shared = {
    subject: owners
      ? `OwnerSpace.${vault}.forVault.${outer}`
      : `MessageSpace.${vault}.fromService.${party}.${outer}`,
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
  const signed = signature === 'none' ? {} : { signature: { bytes, valid: signature === 'valid' } };
  return { ...shared, event: eventOf(scenario), ...signed };
}

function eventOf(scenario: Scenario): Event {
  const { type, sentAgo, expiresIn, eventSender, outside, names: named, connection } = scenario;
  const contract = connection?.contract;
  const ref = {
    id: named === 'other id' ? 'another' : (contract?.id ?? 'shop.orders'),
    version: (contract?.version ?? 1) + (named === 'other version' ? 1 : 0),
    hash: named === 'other hash' ? 'b'.repeat(64) : accepted,
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

function payloadOf({ type, fields, purpose, unfit, word: said }: Scenario): object {
  const odd = unfit ? { unknown: true } : {};
  switch (type) {
    case 'data.request':
    case 'location.request':
      return {
        fields: unfit ? fields.join() : fields,
        ...(purpose === undefined ? {} : { purpose }),
        ...odd,
      };
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
        signing: handshakeContractSigned.key,
        encapsulation: 'A'.repeat(1622),
        contract: handshakeContractSigned,
        ...odd,
      };
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
