import { LedgerError } from '../ledger/errors.ts';
import type { RingStore } from '../ledger/ring-store.ts';
import type { ExportFile } from './export-file.ts';

/** The keyring of an export, as far as the file can be read; it is only read. */
export async function exportRing(file: ExportFile): Promise<RingStore> {
  const entries = new Map<string, Uint8Array>();
  try {
    for await (const frame of file.frames())
      if (frame.type === 'key') entries.set(frame.name, frame.bytes);
  } catch (error) {
    // Each entry is sealed for itself, and the ledger tells what the whole ring has to be.
    if (!(error instanceof LedgerError)) throw error;
  }
  return {
    entries: async () => entries,
    add: () => Promise.reject(new LedgerError('CLOSED', 'an export is only read')),
  };
}
