import { filePinOf } from '../core/pins/file-pin.ts';
import type { Pinned } from '../ledger/pinned.ts';

/** Checkpoints of a ledger that this machine keeps outside the data directory. */
export async function pinnedCheckpoints(ledgerId: Uint8Array): Promise<readonly Pinned[]> {
  const pin = filePinOf(ledgerId);
  const note = await pin.read();
  return note === undefined ? [] : [{ pin: pin.name, note }];
}

/** Keeps a checkpoint of a ledger that this machine knew nothing of until now. */
export async function keepFirstCheckpoint(ledgerId: Uint8Array, note: string): Promise<void> {
  await filePinOf(ledgerId).replace(undefined, note);
}
