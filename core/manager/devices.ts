import { randomBytes } from 'node:crypto';
import type { Connection, VaultState } from '../../projections/vault-state.ts';
import { toBase64url, toHex } from '../../wire/bytes.ts';
import { identifierFrom } from '../../wire/identifiers.ts';
import { keyId } from '../../wire/key-encapsulation.ts';
import type { DevicePaired } from '../../wire/owner-results.ts';
import { keysOf } from './inbound.ts';
import { notify } from './notices.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * The owner's devices. Each is a connection of its own, with its own keys and its own credential: the trail says
 * which one decided, and one that is lost is removed without the others. Requires commands that were allowed.
 */

/** A device in the words that the owner's app shows. */
export type DescribedDevice = {
  readonly connection: string;
  readonly name: string;
  /** Id of its signing key, hex: what the trail names it by. */
  readonly device: string;
  readonly status: 'active' | 'removed';
  /** Whether it is the one that asks. */
  readonly own: boolean;
};

/** Makes a device the owner's: its keys and its credential are good from this turn on. */
export async function pairDevice(
  parts: VaultParts,
  turn: Turn,
  asked: { readonly name: string; readonly signing: string; readonly encapsulation: string },
  from: number,
): Promise<DevicePaired> {
  const { batch } = turn;
  const keys = keysOf(asked);
  if (keys === undefined) throw new Error('the keys were checked');
  const connection = identifierFrom(new Uint8Array(randomBytes(16)));
  const { credential, user } = await parts.devices.issue();
  const scope = await parts.ring.createScope();
  const shared = { connection, kind: 'owner', party: 'owner', name: asked.name } as const;
  const body = { ...shared, keys, optional: [], user };
  const index = batch.add({ kind: 'connected', scope, cause: from, body });
  await notify(parts, turn, { about: 'device_paired', connection }, index);
  return {
    vault: batch.state.vault,
    connection,
    credential,
    signing: toBase64url(parts.secrets.signing.newest.publicKey),
    encapsulation: toBase64url(parts.secrets.encapsulation.newest.publicKey),
    ledger: toBase64url(parts.ledger.identity.publicKey),
  };
}

/** Removes a device: nothing that it says counts from this record on, and its credential ends. */
export async function removeDevice(
  parts: VaultParts,
  turn: Turn,
  device: Connection,
  from: number,
): Promise<void> {
  const { batch, effects } = turn;
  const body = { connection: device.id, by: 'owner' as const };
  const index = batch.add({ kind: 'severed', scope: device.scope, cause: from, body });
  await notify(parts, turn, { about: 'device_removed', connection: device.id }, index);
  const removed = removedUsers(batch.state);
  effects.push(() => void endDevices(parts, removed));
}

/**
 * Ends the credentials of removed devices, once what was published to them is with the server. A vault that stops before
 * this is done does it at its next opening.
 */
export async function endDevices(
  { bus, devices, log }: VaultParts,
  users: readonly string[],
): Promise<void> {
  if (users.length === 0) return;
  try {
    await bus.flush();
    await devices.revoke(users);
  } catch (error) {
    log('the credential of a removed device lives on', { error: String(error) });
  }
}

/** Users of the messaging layer that are devices no more. */
export function removedUsers({ connections }: VaultState): readonly string[] {
  return connections
    .valueSeq()
    .filter(({ kind, status }) => kind === 'owner' && status === 'severed')
    .flatMap(({ user }) => (user === undefined ? [] : [user]))
    .toArray();
}

/** Every device that the owner has, or had. */
export function describeDevices(state: VaultState, asking: string): readonly DescribedDevice[] {
  return state.connections
    .valueSeq()
    .filter(({ kind }) => kind === 'owner')
    .map(({ id, name, keys, status }) => ({
      connection: id,
      name,
      device: toHex(keyId(keys?.signing ?? new Uint8Array(0))),
      status: status === 'active' ? ('active' as const) : ('removed' as const),
      own: id === asking,
    }))
    .toArray();
}
