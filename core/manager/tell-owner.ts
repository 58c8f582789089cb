import { ownerDevices } from '../../projections/vault-state.ts';
import type { Turn, VaultParts } from './turn.ts';

/**
 * Tells the owner something, on every device: whichever they have at hand must show it.
 * @param from - index of the record that it follows from
 */
export async function tellOwner(
  parts: VaultParts,
  turn: Turn,
  type: string,
  payload: unknown,
  from: number,
): Promise<void> {
  for (const { id } of ownerDevices(turn.batch.state))
    await parts.sealer.queue(turn.batch, { connection: id, type, payload, from });
}
