import { sealerFile } from '../core/enclave/sealer.ts';
import type { NamedBytes } from '../ledger/export-format.ts';
import { parseRoot, rootName } from '../ledger/ring-root.ts';
import { ownerAppName } from './carried-files.ts';
import { sealsIn } from './owner-app-file.ts';
import { appSealerId } from './owner-app-seal.ts';

/**
 * Files of this machine's sealer that a keyring and an owner's app are opened with: what has to be
 * carried besides an export, or has to be there already.
 * @param carried - values of the keyring, and files, as an export has them
 * @throws LedgerError RING_MALFORMED, CliError when one of them is not what it should be
 */
export function sealerFilesOf(ledgerId: Uint8Array, carried: readonly NamedBytes[]): string[] {
  return carried.flatMap(({ name, bytes }) => {
    if (name === rootName) return [sealerFile(ledgerId, parseRoot(bytes).recipe.sealerGeneration)];
    if (name !== ownerAppName) return [];
    const seals = sealsIn(Buffer.from(bytes).toString('utf8'), name);
    return seals.map(({ recipe }) => sealerFile(appSealerId(ledgerId), recipe.sealerGeneration));
  });
}
