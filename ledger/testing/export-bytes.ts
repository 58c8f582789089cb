import { concat } from '../../wire/bytes.ts';
import type { ExportFrame } from '../export-format.ts';
import { readExport } from '../export-reader.ts';
import { ExportWriter } from '../export-writer.ts';
import { fixedBytes, identity, startTime } from './fixtures.ts';

/** The header of a vault in tests. */
export const header: ExportFrame = {
  type: 'header',
  header: { vault: 'a'.repeat(26), ledger: identity, created: startTime },
};

/** An end, which tells of nothing that is there. */
export const end: ExportFrame = {
  type: 'end',
  end: { commits: 2, records: 3, head: fixedBytes('head'), root: fixedBytes('root') },
};

/** A file of these frames, whether or not they may stand so. */
export function exportBytes(frames: readonly ExportFrame[]): Uint8Array {
  const writer = new ExportWriter();
  return concat(writer.begin(), ...frames.map((frame) => writer.frame(frame)));
}

/** What a file holds, read in pieces of these lengths. */
export async function readFrames(
  bytes: Uint8Array,
  lengths: readonly number[] = [bytes.length],
): Promise<ExportFrame[]> {
  const frames: ExportFrame[] = [];
  for await (const frame of readExport(pieces(bytes, lengths))) frames.push(frame);
  return frames;
}

async function* pieces(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? bytes.length;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
