import { LedgerError } from '../ledger/errors.ts';
import type { KeptValue } from '../ledger/ring-store.ts';
import type { ExportFile } from './export-file.ts';

/**
 * What an export has of the keyring, as far as the file can be read: each value is sealed for itself, and
 * the ledger tells what the whole ring has to be.
 */
export async function exportRing(file: ExportFile): Promise<readonly KeptValue[]> {
  const values: KeptValue[] = [];
  try {
    for await (const frame of file.frames())
      if (frame.type === 'key') values.push({ name: frame.name, bytes: frame.bytes });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
  }
  return values;
}
