import { emptyChain } from '../ledger/chain-end.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import type { ExportFrame } from '../ledger/export-format.ts';
import { PinCheck, type Pinned } from '../ledger/pinned.ts';
import { verifyStore } from '../ledger/reader.ts';
import { parseNote } from '../ledger/signed-note.ts';
import type { ExportFile } from './export-file.ts';
import { ExportPass } from './export-pass.ts';
import { expectWhole, refill, type WholeReport } from './refill.ts';
import type { Verified } from './verify.ts';

/** Where an export goes: all of it new and empty. */
export type ImportTarget = {
  readonly store: CommitStore;
  /** Adds a value to the keyring. They come in the order in which they have to stand there. */
  readonly addKey: (name: string, bytes: Uint8Array) => Promise<void>;
  /** Adds a file. The name is relative and harmless; whether it belongs there is the target's business. */
  readonly addFile: (name: string, bytes: Uint8Array) => Promise<void>;
};

/** What was imported. */
export type Imported = {
  readonly report: WholeReport;
  /** The checkpoint in the export that covers most records; `undefined` where it has none. */
  readonly checkpoint: string | undefined;
};

/**
 * Puts an export into an empty place: the same commits, byte for byte, then its keys and files. Every
 * commit is verified before it is appended, the file as a whole after the last one, and what the place
 * then holds is read back and verified again. Memory does not grow with the file.
 * @param pinned - checkpoints of this ledger that the new place knows of already
 * @throws LedgerError what is wrong with the file or the place; what is in the place by then is worth nothing
 */
export async function importLedger(
  file: ExportFile,
  target: ImportTarget,
  pinned: readonly Pinned[] = [],
  onProgress: (verified: Verified) => void = () => {},
): Promise<Imported> {
  const { ledger } = file.header;
  const pass = new ExportPass(file, (frame) => addTo(target, frame));
  const pins = new PinCheck(ledger, pinned);
  let end = emptyChain(ledger);
  await refill(target.store, verifyStore(pass.store, ledger), (commit) => {
    pass.take(commit);
    pins.take(commit);
    end = commit.end;
    onProgress({ records: end.size, commits: commit.sequence });
  });
  pass.finish();
  pins.finish(end);
  const report = await expectWhole(target.store, ledger, end);
  return { report, checkpoint: greatest(pass.notes) };
}

/** Requires notes that were verified. */
function greatest(notes: readonly string[]): string | undefined {
  const sizeOf = (note: string): number => parseCheckpoint(parseNote(note)?.text ?? '')?.size ?? 0;
  return [...notes].sort((a, b) => sizeOf(a) - sizeOf(b)).at(-1);
}

async function addTo(target: ImportTarget, frame: ExportFrame): Promise<void> {
  if (frame.type === 'key') await target.addKey(frame.name, frame.bytes);
  if (frame.type === 'file') await target.addFile(frame.name, frame.bytes);
}
