import { Map as Table } from 'immutable';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { contractHash } from '../wire/contract.ts';
import { withSharedLines } from '../wire/contract-fields.ts';
import { eventAgeMaxMs } from '../wire/event.ts';
import type { Connection, VaultState } from './vault-state.ts';

type Of<K extends LedgerRecord['kind']> = Extract<LedgerRecord, { kind: K }>;

type ConnectionKind =
  | 'invited'
  | 'requested'
  | 'connected'
  | 'credential_renewed'
  | 'declined'
  | 'severed';

/** The state with one more step of a connection's life. */
export function connectionChanged(state: VaultState, record: Of<ConnectionKind>): VaultState {
  const id = record.body.connection;
  const found = nextConnection(state.connections.get(id), record);
  if (found === undefined) return state;
  const next = record.kind === 'invited' ? told(found, state) : found;
  return {
    ...state,
    connections: state.connections.set(id, next),
    parties: state.parties.set(next.party, id),
  };
}

/** An invite holds the vault's keys and addresses of its time: what came before them need not be told. */
function told(invited: Connection, { handovers, address }: VaultState): Connection {
  return {
    ...invited,
    ...(handovers.length === 0 ? {} : { knows: handovers.length }),
    ...(address === undefined ? {} : { keeps: address.index }),
  };
}

function nextConnection(
  known: Connection | undefined,
  record: Of<ConnectionKind>,
): Connection | undefined {
  switch (record.kind) {
    case 'invited':
      return invited(record);
    case 'requested': {
      if (known === undefined) return undefined;
      const { keys, event: request, account } = record.body;
      const own = account === undefined ? {} : { account };
      const asked = { status: 'requested', keys } as const;
      return { ...known, ...asked, ...saidOf(known, record.body), request, ...own };
    }
    case 'connected':
      return connected(known, record);
    case 'credential_renewed': {
      // Who renews a credential has used it: the invite is over.
      const { connection: _, ...credential } = record.body;
      if (known === undefined) return undefined;
      const { inviteExpires: _ended, ...standing } = known;
      return { ...standing, ...credential };
    }
    case 'declined':
      return known && { ...known, status: 'declined' };
    case 'severed': {
      if (known === undefined) return undefined;
      const { offered: _, ...rest } = known;
      return { ...rest, status: 'severed' };
    }
  }
}

/** Who asks, and under what: a service's contract, or what a peer or an agent says of itself. */
function saidOf(
  known: Connection,
  { contract, peer, agent }: Of<'requested'>['body'],
): Partial<Connection> {
  if (contract !== undefined)
    return {
      name: contract.contract.service.name,
      contract: withSharedLines(contract),
      contractHash: contractHash(contract.contract),
    };
  if (agent !== undefined) return { agent: { ...known.agent, name: agent.name } };
  if (peer?.invite === undefined || known.dial !== undefined) return {};
  return { dial: { invite: peer.invite, name: peer.name } };
}

function connected(known: Connection | undefined, record: Of<'connected'>): Connection {
  const { connection: id, kind, party, name, keys, optional } = record.body;
  const { credentialIssued, credentialExpires, user } = record.body;
  const { request: _, ...base } = known ?? newConnection(id, party, record.scope);
  return {
    ...base,
    ...{ kind, status: 'active', party, name, keys, optional },
    ...(credentialIssued === undefined ? {} : { credentialIssued }),
    ...(credentialExpires === undefined ? {} : { credentialExpires }),
    ...(user === undefined ? {} : { user }),
    ...(base.party === party ? {} : { inviteParty: base.party }),
  };
}

function invited(record: Of<'invited'>): Connection {
  const { connection: id, party, label, expires, peer, agent } = record.body;
  const kind = peer === true ? 'peer' : agent === true ? 'agent' : 'service';
  return { ...newConnection(id, party, record.scope), kind, name: label, inviteExpires: expires };
}

function newConnection(id: string, party: string, scope: string): Connection {
  return {
    id,
    kind: 'service',
    status: 'invited',
    party,
    name: '',
    scope,
    optional: [],
    served: Table(),
    receiving: Table(),
    seen: 0,
  };
}

/** The state with a new key of one direction of a connection. */
export function epochOpened(state: VaultState, record: Of<'epoch_opened'>): VaultState {
  const { connection: id, direction, number, key, encapsulationHash, opening } = record.body;
  const known = state.connections.get(id);
  if (known === undefined) return state;
  const epoch = { number, key, encapsulationHash, at: record.time };
  const next: Connection =
    direction === 'to-vault'
      ? { ...known, receiving: freshEpochs(known, record.time).set(number, epoch) }
      : opening === undefined
        ? known
        : { ...known, sending: { ...epoch, opening, count: 0 } };
  return { ...state, connections: state.connections.set(id, next) };
}

/** An event of an epoch opened this long ago would be `expired`, so its key is of no more use. */
function freshEpochs(known: Connection, time: number): Connection['receiving'] {
  const latest = Math.max(0, ...known.receiving.keys());
  return known.receiving.filter(
    (epoch) => epoch.number === latest || epoch.at > time - 2 * eventAgeMaxMs,
  );
}
