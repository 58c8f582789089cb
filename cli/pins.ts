import { join } from 'node:path';
import { stateFolder } from '../core/enclave/state-folder.ts';
import { filePin, filePinOf } from '../core/pins/file-pin.ts';
import type { Pin } from '../core/pins/pin.ts';
import type { Pinned } from '../ledger/pinned.ts';
import type { VaultCard } from './data-dir.ts';

/** The pins that a vault on this machine keeps up with its ledger. */
export function pinsOf({ ledger }: VaultCard): Pin[] {
  return [filePinOf(ledger.id)];
}

/** What the owner's app keeps: it lies apart from the data directory, as it would on another device. */
export function appPinOf({ vault }: VaultCard): Pin {
  return filePin(join(stateFolder(), 'app', vault), "the owner's app");
}

/** Every checkpoint of a vault that this machine keeps outside its data directory. */
export async function pinnedOf(card: VaultCard): Promise<Pinned[]> {
  return readAll([...pinsOf(card), appPinOf(card)]);
}

/** What the owner's app keeps, where it does. */
export async function seenByApp(card: VaultCard): Promise<Pinned[]> {
  return readAll([appPinOf(card)]);
}

async function readAll(pins: readonly Pin[]): Promise<Pinned[]> {
  const pinned: Pinned[] = [];
  for (const pin of pins) {
    const note = await pin.read();
    if (note !== undefined) pinned.push({ pin: pin.name, note });
  }
  return pinned;
}
