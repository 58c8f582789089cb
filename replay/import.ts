import { emptyChain } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import type { ExportFrame } from '../ledger/export-format.ts';
import type { ExportFile } from './export-file.ts';
import { ExportPass } from './export-pass.ts';
import { expectWhole, refill, type WholeReport } from './refill.ts';
import { verifiedBytes } from './verified-bytes.ts';
import type { Verified } from './verify.ts';

/** Where an export goes: all of it new and empty. */
export type ImportTarget = {
  readonly store: CommitStore;
  /** Adds an entry to the keyring. */
  readonly addKey: (name: string, bytes: Uint8Array) => Promise<void>;
  /** Adds a file. The name is relative and harmless; whether it belongs there is the target's business. */
  readonly addFile: (name: string, bytes: Uint8Array) => Promise<void>;
};

/**
 * Puts an export into an empty place: the same commits, byte for byte, then its keys and files. Every
 * commit is verified before it is appended, the file as a whole after the last one, and what the place
 * then holds is read back and verified again. Memory does not grow with the file.
 * @throws LedgerError what is wrong with the file or the place; what is in the place by then is worth nothing
 */
export async function importLedger(
  file: ExportFile,
  target: ImportTarget,
  onProgress: (verified: Verified) => void = () => {},
): Promise<WholeReport> {
  const { ledger } = file.header;
  const pass = new ExportPass(file, (frame) => addTo(target, frame));
  let end = emptyChain(ledger);
  await refill(target.store, verifiedBytes(pass.store, ledger), (commit) => {
    pass.take(commit);
    end = commit.end;
    onProgress({ records: end.size, commits: commit.sequence });
  });
  pass.finish();
  return expectWhole(target.store, ledger, end);
}

async function addTo(target: ImportTarget, frame: ExportFrame): Promise<void> {
  if (frame.type === 'key') await target.addKey(frame.name, frame.bytes);
  if (frame.type === 'file') await target.addFile(frame.name, frame.bytes);
}
