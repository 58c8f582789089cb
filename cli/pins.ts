import { join } from 'node:path';
import { stateFolder } from '../core/enclave/state-folder.ts';
import { type FilePin, filePin, filePinOf } from '../core/pins/file-pin.ts';
import type { Pin } from '../core/pins/pin.ts';
import type { WitnessAddress } from '../core/pins/witness-pin.ts';
import { parseVkey } from '../ledger/note-key.ts';
import type { Pinned } from '../ledger/pinned.ts';
import { toHex } from '../wire/bytes.ts';
import { CliError } from './cli-error.ts';
import type { VaultCard } from './data-dir.ts';

/** The pins that a vault on this machine keeps up with its ledger. */
export function pinsOf({ ledger }: VaultCard): FilePin[] {
  return [filePinOf(ledger.id)];
}

/**
 * What the owner's app keeps of one ledger: it lies apart from the data directory, as it would on
 * another device.
 */
export function appPinOf(ledgerId: Uint8Array): FilePin {
  return filePin(join(stateFolder(), 'app', toHex(ledgerId)), "the owner's app");
}

/** The pins of a new vault: they keep its first checkpoint. */
export const firstPins: readonly ((ledgerId: Uint8Array) => Pin)[] = [
  (ledgerId) => filePinOf(ledgerId),
  appPinOf,
];

/** Every checkpoint of a vault that this machine keeps outside its data directory. */
export async function pinnedOf(card: VaultCard): Promise<Pinned[]> {
  return readAll([...pinsOf(card), appPinOf(card.ledger.id)]);
}

/** What the owner's app keeps, where it does. */
export async function seenByApp(card: VaultCard): Promise<Pinned[]> {
  return readAll([appPinOf(card.ledger.id)]);
}

async function readAll(pins: readonly FilePin[]): Promise<Pinned[]> {
  const pinned: Pinned[] = [];
  for (const pin of pins) {
    const note = await pin.read();
    if (note !== undefined) pinned.push({ pin: pin.name, note });
  }
  return pinned;
}

/** Witnesses that a vault asks, and how many of them have to cosign. */
export type Witnesses = { readonly witnesses: readonly WitnessAddress[]; readonly quorum: number };

/**
 * The witnesses of `--witness`, or of `CAMBIUM_WITNESS` (separated by spaces): each `VKEY@URL`, as
 * `cambium witness` prints them. `undefined` for none.
 * @throws CliError when one is not of that form, or the quorum is more than there are
 */
export function witnessesOf(
  given: readonly string[],
  quorum: number | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Witnesses | undefined {
  const texts =
    given.length > 0 ? given : (env['CAMBIUM_WITNESS'] ?? '').split(/\s+/).filter(Boolean);
  if (texts.length === 0) return undefined;
  const witnesses = texts.map(witnessIn);
  const needed = quorum ?? witnesses.length;
  if (needed > witnesses.length)
    throw new CliError('usage', `${needed} of ${witnesses.length} witnesses cannot cosign`);
  return { witnesses, quorum: needed };
}

function witnessIn(text: string): WitnessAddress {
  const [, vkey = '', url = ''] = /^(.+?)@(https?:\/\/\S+)$/.exec(text) ?? [];
  const key = parseVkey(vkey);
  if (key?.type === 'cosignature') return { key, url };
  throw new CliError(
    'usage',
    `not a witness: ${text}; use VKEY@URL, as cambium witness prints them`,
  );
}
