import { createReadStream } from 'node:fs';
import type { CommitStore, StoredCommit } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { type ExportFrame, type ExportHeader, malformedExport } from '../ledger/export-format.ts';
import { readExport } from '../ledger/export-reader.ts';

const pieceBytes: number = 1024 * 1024;

/** An export file. What it says is attacker-controlled until it is verified. */
export type ExportFile = {
  readonly header: ExportHeader;
  /**
   * Its frames, read anew each time, one at a time in memory.
   * @throws LedgerError EXPORT_MALFORMED where the file is damaged or ends
   */
  frames(): AsyncIterable<ExportFrame>;
};

/**
 * Opens an export file, and reads no more of it than its header.
 * @throws LedgerError EXPORT_MALFORMED when it is none; what the file system throws
 */
export async function openExport(path: string): Promise<ExportFile> {
  const frames = (): AsyncIterable<ExportFrame> =>
    readExport(createReadStream(path, { highWaterMark: pieceBytes }));
  for await (const frame of frames())
    if (frame.type === 'header') return { header: frame.header, frames };
  throw malformedExport('it has no header');
}

/**
 * The commits of an export as a store that is only read. Whatever is asked for is looked for from the
 * beginning of the file: it is made for `scan`.
 * @param onFrame - gets every other frame that a scan comes by, in order
 */
export function exportStore(
  file: Pick<ExportFile, 'frames'>,
  onFrame: (frame: ExportFrame) => void | Promise<void> = () => {},
): CommitStore {
  const scan = (sequence: number) => commitsFrom(file.frames(), sequence, onFrame);
  return {
    append: () => Promise.reject(new LedgerError('CLOSED', 'an export is only read')),
    read: async (sequence) => {
      for await (const commit of commitsFrom(file.frames(), sequence, () => {})) return commit;
      return undefined;
    },
    scan,
    last: () => countCommits(file.frames()),
  };
}

async function* commitsFrom(
  frames: AsyncIterable<ExportFrame>,
  sequence: number,
  onFrame: (frame: ExportFrame) => void | Promise<void>,
): AsyncGenerator<StoredCommit> {
  let count = 0;
  for await (const frame of frames) {
    if (frame.type !== 'commit') await onFrame(frame);
    else if (++count >= sequence) yield { sequence: count, bytes: frame.bytes };
  }
}

/** As many as can be read: where the file is damaged shows when it is scanned. */
async function countCommits(frames: AsyncIterable<ExportFrame>): Promise<number> {
  let count = 0;
  try {
    for await (const { type } of frames) if (type === 'commit') count += 1;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
  }
  return count;
}
