import { ownerDevices, type VaultState } from '../../projections/vault-state.ts';
import { fromBase64url, toBase64url } from '../../wire/bytes.ts';
import { type CommandFault, fault } from './command-fault.ts';

/** Most devices that an owner may have at once: every one of them is told everything. */
export const devicesMax = 16;

/** A device brings keys of its own, which no other device has. */
export function pairFault(
  state: VaultState,
  { signing, encapsulation }: { readonly signing: string; readonly encapsulation: string },
): CommandFault | undefined {
  if (!isKey(signing) || !isKey(encapsulation))
    return fault('malformed', 'the keys are not base64url');
  const devices = ownerDevices(state);
  if (devices.length >= devicesMax) return fault('too_large', `${devicesMax} devices are paired`);
  return devices.some(({ keys }) => keys !== undefined && toBase64url(keys.signing) === signing)
    ? fault('duplicate', 'a device with this key is paired already')
    : undefined;
}

/** The last device stays: without one nobody could approve, sever or pair any more. */
export function unpairFault(
  state: VaultState,
  { connection }: { readonly connection: string },
): CommandFault | undefined {
  const known = state.connections.get(connection);
  if (known?.kind !== 'owner') return fault('connection_unknown', 'no such device');
  if (known.status !== 'active') return fault('connection_inactive', 'it is removed already');
  return ownerDevices(state).length > 1
    ? undefined
    : fault('malformed', 'it is the last device: pair another one first');
}

/** Whether a text is base64url. */
export function isKey(text: string): boolean {
  try {
    fromBase64url(text);
    return true;
  } catch {
    return false;
  }
}
