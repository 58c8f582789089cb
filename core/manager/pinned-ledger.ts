import type { Pin } from '../pins/pin.ts';
import { PinKeeper } from '../pins/pin-keeper.ts';
import { continues } from './continuity.ts';
import type { VaultParts } from './turn.ts';

/**
 * Keeps the pins up with what is durable in the ledger.
 * @param pins - with what each kept when the ledger was opened
 * @param onConflict - called when something else than the vault has changed one
 */
export function pinKeeper(
  { ledger, proofs, log }: VaultParts,
  pins: ReadonlyMap<Pin, string | undefined>,
  onConflict: (error: Error) => void,
): PinKeeper {
  const durable = () => ({
    note: ledger.checkpoint(ledger.durableEnd),
    size: ledger.durableEnd.size,
  });
  const keeping = {
    pins: [...pins.keys()],
    durable,
    continues: (note: string) => continues(ledger, proofs, note, 'a pin'),
    log,
    onConflict,
  };
  return new PinKeeper(keeping, pins);
}
