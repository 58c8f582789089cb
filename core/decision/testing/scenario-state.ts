import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import {
  type Connection,
  emptyState,
  eventKey,
  type OpenRequest,
  type VaultState,
} from '../../../projections/vault-state.ts';
import { type AccountProof, proveAccount } from '../../../wire/account-proof.ts';
import { toHex } from '../../../wire/bytes.ts';
import { type Contract, signContract } from '../../../wire/contract.ts';
import { signerFrom } from '../../../wire/crypto.ts';
import type { Event } from '../../../wire/event.ts';
import { eventId } from '../../../wire/identifiers.ts';
import { accountName } from '../../../wire/nkey.ts';
import { now, type Scenario, type ScenarioConnection } from './scenario.ts';
import { handlers } from './scenario-handlers.ts';

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

const signer = signerFrom(new Uint8Array(32).fill(1));
const ownAccount = signerFrom(new Uint8Array(32).fill(4));
const handshakeContract: Contract = {
  v: 1,
  id: 'shop.orders',
  version: 1,
  service: { id: 'shop', name: 'The Shop' },
  title: 'Orders',
  description: 'What we need to send you what you bought.',
  published: 1,
  fields: [],
  permissions: {
    store: false,
    messages: false,
    authentication: false,
    payment: false,
    signatures: false,
    identity: false,
    location: false,
  },
  limits: { requests_per_hour: 1, burst: 1 },
};
const handshakeContractSigned = signContract(signer, handshakeContract);

/** Another connection of the vault, which has the account already. */
const accountHolder: Connection = {
  id: 'h'.repeat(26),
  kind: 'service',
  status: 'active',
  party: accountName(ownAccount.publicKey),
  account: accountName(ownAccount.publicKey),
  name: 'The Shop',
  scope: '9'.repeat(32),
  optional: [],
  served: Table(),
  receiving: Table(),
  seen: 0,
};

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
    connections: Table(
      [known, ...(scenario.account === 'taken' ? [accountHolder] : [])].flatMap((one) =>
        one === undefined ? [] : [[one.id, one] as const],
      ),
    ),
    seen: seen === 'no' ? Table() : Table([[eventKey(connectionId, id), before]]),
    once: done ? Table([[`${connectionId}/payment.request/A-1`, 4]]) : Table(),
    requests: held === undefined ? Table() : Table([[heldKey, held]]),
  };
}

function connectionOf(
  {
    status,
    contract,
    contractExpiresIn,
    optional,
    servedAgo,
    bucket,
    inviteExpiresIn,
    credential,
  }: ScenarioConnection,
  space: Scenario['space'],
  party: string,
): Connection {
  const served = Object.entries(servedAgo).map(([name, ago]) => [name, now - ago] as const);
  return {
    id: connectionId,
    kind: space === 'owner' ? 'owner' : 'service',
    status,
    party,
    name: 'The Shop',
    scope: 'f'.repeat(32),
    optional,
    served: Table(served),
    receiving: Table(),
    seen: 0,
    inviteExpires: now + inviteExpiresIn,
    ...(credential === undefined
      ? {}
      : {
          credentialIssued: now - credential.issuedAgo,
          credentialExpires: now - credential.issuedAgo + credential.lasts,
        }),
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
  const signed = signature === 'none' ? {} : { signature: { bytes, valid: signature === 'valid' } };
  return { ...shared, event: eventOf(scenario), ...signed };
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

function payloadOf({ type, fields, purpose, unfit, word: said, account }: Scenario): object {
  const odd = unfit ? { unknown: true } : {};
  switch (type) {
    case 'data.request':
    case 'location.request':
      return { fields, ...(purpose === undefined ? {} : { purpose }), ...odd };
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
        ...(account === 'none' ? {} : { account: proofOf(account) }),
        ...odd,
      };
    default:
      return odd;
  }
}

function proofOf(account: Exclude<Scenario['account'], 'none'>): AccountProof {
  const use = { vault, connection: connectionId, event: id, signing: signer.publicKey };
  const key = accountName(ownAccount.publicKey);
  return account === 'foreign'
    ? { ...proveAccount(signer, use), key }
    : proveAccount(ownAccount, use);
}

/** A request that waits for the owner, or did. */
function heldOf({ word: { request, deadlineIn } }: Scenario): OpenRequest | undefined {
  if (request === 'none') return undefined;
  const waits = request === 'waits';
  return {
    key: heldKey,
    connection: connectionId,
    index: 3,
    receivedAt: now - 1,
    status: waits ? 'pending' : 'running',
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
      ...(waits ? { deadline: now + deadlineIn } : {}),
    },
  };
}

function partyOf({ space }: Scenario): string {
  return space === 'owner' ? ownerParty : serviceParty;
}
