import { randomBytes } from 'node:crypto';
import type { DialKeys } from '../../ledger/peer-bodies.ts';
import type { Connection } from '../../projections/vault-state.ts';
import { toBase64url } from '../../wire/bytes.ts';
import { type Contract, type ContractField, contractHash } from '../../wire/contract.ts';
import { peerSharedType } from '../../wire/peer-messages.ts';
import { signedByVault } from './own-contract.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * What an owner shares with a peer. It is drawn up as a contract of the vault's own, signed by its signing key, so that
 * what a peer asks for is decided by the same checks as what a service does.
 */

/** What the owner lets a peer have: fields at any time, fields on consent, and event types. */
export type Sharing = {
  readonly fields: readonly string[];
  readonly consent: readonly string[];
  readonly types: readonly string[];
};

/** What is shared with a peer before its owner says anything. */
export const nothingShared: Sharing = { fields: [], consent: [], types: [] };

/** The purpose of everything that is shared with a peer. */
export const peerPurpose = 'sharing';
/** The same whatever is shared: who was refused a message before must not find its tokens spent. */
const limits = { requests_per_hour: 120, burst: 30, notifications_per_hour: 30 };

/** Keys to be a party elsewhere with. */
export function newDialKeys(): DialKeys {
  const seed = (): string => toBase64url(new Uint8Array(randomBytes(32)));
  return { signing: seed(), encapsulation: seed() };
}

/** Records what is shared with a peer from now on, and tells it. */
export async function share(
  parts: VaultParts,
  turn: Turn,
  connection: Connection,
  { sharing, from, device }: { sharing: Sharing; from: number; device?: string },
): Promise<Contract> {
  const { batch } = turn;
  const contract = signedByVault(parts, turn, sharingContract(connection, sharing, batch.time));
  const body = { connection: connection.id, contract, ...(device === undefined ? {} : { device }) };
  const cause = batch.add({ kind: 'shared', scope: connection.scope, cause: from, body });
  const payload = { contract };
  await parts.sealer.queue(batch, {
    ...{ connection: connection.id, type: peerSharedType, payload, from: cause },
  });
  return contract.contract;
}

/** What is shared, as the version of a contract that follows the one before. */
function sharingContract(
  { id, name, contract: before }: Connection,
  { fields, consent, types }: Sharing,
  time: number,
): Contract {
  const messages = types.includes('message.send');
  const field =
    (tier: ContractField['tier']) =>
    (one: string): ContractField => ({
      ...{ name: one, tier, purpose: peerPurpose, retention: 'until_revoked' },
    });
  return {
    v: 1,
    id: `peer.${id}`,
    version: (before?.contract.version ?? 0) + 1,
    ...(before === undefined ? {} : { previous: contractHash(before.contract) }),
    service: { id, name },
    title: 'What is shared',
    description: 'What this vault shares with another one, by the word of its owner.',
    published: time,
    fields: [...fields.map(field('on_demand')), ...consent.map(field('consent'))],
    permissions: {
      ...{ store: false, messages, authentication: false, payment: false },
      ...{ signatures: false, identity: false, location: false },
    },
    limits,
  };
}

/** A connection with a peer begins: nothing is shared yet, and whoever was invited is now reached in turn. */
export async function beginPeer(
  parts: VaultParts,
  turn: Turn,
  { id, scope, dial }: Connection,
  from: number,
): Promise<void> {
  const { batch, effects } = turn;
  const active = batch.state.connections.get(id);
  if (active === undefined || dial === undefined) throw new Error('no peer has asked');
  await share(parts, turn, active, { sharing: nothingShared, from });
  if (dial.keys !== undefined) return;
  const body = { connection: id, invite: dial.invite, keys: newDialKeys() };
  batch.add({ kind: 'dial_prepared', scope, cause: from, body });
  effects.push(() => dialPeer(parts, id));
}

/** Reaches a peer from now on, if the state still says so. */
export function dialPeer({ peers, journal }: VaultParts, id: string): void {
  const { connections, shown } = journal.state;
  const { dial, status } = connections.get(id) ?? {};
  if (dial?.keys === undefined || status === 'severed' || status === 'declined') return;
  peers.dial(id, dial, shown?.name ?? '');
}
