import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerOrigin, signCheckpoint } from '../ledger/checkpoint.ts';
import type { ExportFrame } from '../ledger/export-format.ts';
import { exportBytes, readFrames } from '../ledger/testing/export-bytes.ts';
import { fixedBytes, identity, keys, signer } from '../ledger/testing/fixtures.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { fromBase64 } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import { type ExportFile, openExport } from './export-file.ts';
import { importLedger } from './import.ts';
import {
  exportOf,
  type SampleLedger,
  sampleHeader,
  sampleLedger,
} from './testing/sample-ledger.ts';
import { verifyLedger } from './verify.ts';
import { verifyExport } from './verify-export.ts';

let folder: string;
let sample: SampleLedger;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-export-'));
  sample = await sampleLedger();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file with these bytes, opened. */
async function fileOf(bytes: Uint8Array): Promise<ExportFile> {
  count += 1;
  const path = join(folder, `${count}.export`);
  await writeFile(path, bytes);
  return openExport(path);
}

/** A file with these frames, whoever may have put them together. */
function forged(frames: readonly ExportFrame[]): Promise<ExportFile> {
  return fileOf(exportBytes(frames));
}

async function framesOf(): Promise<ExportFrame[]> {
  return readFrames(await exportOf(sample.commits));
}

/** A place that takes an import, and what it was given. */
function emptyPlace() {
  const store = new MemoryStore();
  const added: string[] = [];
  const add = async (name: string): Promise<void> => void added.push(name);
  return { store, added, addKey: add, addFile: add };
}

describe('an export', () => {
  it('verifies as the ledger does that it was made of', async () => {
    const notes = [...sample.notes.values()];
    const file = await fileOf(await exportOf(sample.commits, { notes }));
    const report = await verifyLedger(new MemoryStore(sample.commits), identity);
    expect(await verifyExport(file)).toEqual({ ...report, checkpoints: notes.length });
    const opened = await verifyExport(file, { keys });
    expect(opened).toEqual({ ...report, opened: true, checkpoints: notes.length });
  });

  it('holds the commits byte for byte, and the ring and the files by name', async () => {
    const names = ['root', 'entry.9', 'entry.10', 'entry.11'];
    const ring = async () => names.map((name) => ({ name, bytes: fixedBytes(name) }));
    const frames = await readFrames(await exportOf(sample.commits, { ring }));
    expect(frames.flatMap((frame) => (frame.type === 'commit' ? [frame.bytes] : []))).toEqual(
      sample.commits,
    );
    expect(frames.flatMap((frame) => (frame.type === 'key' ? [frame.name] : []))).toEqual(names);
  });

  it('is not made of a ledger that is not whole', async () => {
    await expect(exportOf(sample.commits.toSpliced(3, 1))).rejects.toMatchObject({
      code: 'INDEX_GAP',
      index: 3,
    });
    await expect(exportOf([])).rejects.toMatchObject({ code: 'EMPTY' });
  });

  it('is not made of a ledger that is shorter than a pin has seen', async () => {
    const notes = [sample.notes.get(4) ?? ''];
    await expect(exportOf(sample.commits.slice(0, 2), { notes })).rejects.toMatchObject({
      code: 'ROLLED_BACK',
    });
  });

  it('is not made while something is erased', async () => {
    const root = { name: 'root', bytes: fixedBytes('root') };
    const entry = { name: 'entry.2', bytes: fixedBytes('entry') };
    const another = { ...root, bytes: fixedBytes('another root') };
    for (const after of [[], [another], [root], [another, entry]]) {
      const rings = [[root, entry]];
      const ring = async () => rings.shift() ?? after;
      await expect(exportOf(sample.commits, { ring })).rejects.toMatchObject({
        code: 'RING_CHANGED',
      });
    }
  });

  it('may be made while the ring grows', async () => {
    const root = { name: 'root', bytes: fixedBytes('root') };
    const rings = [[root]];
    const ring = async () => rings.shift() ?? [root, { ...root, name: 'entry.2' }];
    const frames = await readFrames(await exportOf(sample.commits, { ring }));
    expect(frames.filter(({ type }) => type === 'key')).toHaveLength(2);
  });
});

describe('verifying an export', () => {
  it('names a commit that was swapped, dropped or edited, as in any store', async () => {
    const frames = await framesOf();
    const [a, b] = [frames[3], frames[4]] as [ExportFrame, ExportFrame];
    const swapped = await verifyExport(await forged(frames.with(3, b).with(4, a)));
    expect(swapped).toMatchObject({ code: 'INDEX_GAP', class: 'reordered', index: 2, sequence: 3 });
    const dropped = await verifyExport(await forged(frames.toSpliced(3, 1)));
    expect(dropped).toMatchObject({ code: 'INDEX_GAP', class: 'lost', index: 2 });
    if (a.type !== 'commit') throw new Error('a commit stands there');
    const at = a.bytes.length - 2;
    const bytes = a.bytes.with(at, (a.bytes[at] ?? 0) ^ 0xff);
    const edited = await verifyExport(await forged(frames.with(3, { ...a, bytes })));
    expect(edited).toMatchObject({ code: 'SIGNATURE_INVALID', class: 'corrupted', index: 2 });
  });

  it('names how far a damaged file is whole', async () => {
    const bytes = await exportOf(sample.commits);
    const cut = await verifyExport(await fileOf(bytes.subarray(0, 1_500)));
    expect(cut).toMatchObject({ code: 'EXPORT_MALFORMED', class: 'corrupted' });
    if (!cut.ok) expect(cut.index).toBe(cut.verified.records);
    if (!cut.ok) expect(cut.index).toBeGreaterThan(1);
    const behind = Buffer.from(bytes).lastIndexOf('vine/vine.conf') + 30;
    const flipped = bytes.with(behind, (bytes[behind] ?? 0) ^ 1);
    expect(await verifyExport(await fileOf(flipped))).toMatchObject({
      code: 'EXPORT_MALFORMED',
      verified: { commits: sample.commits.length },
    });
    await expect(fileOf(bytes.subarray(0, 100))).rejects.toMatchObject({
      code: 'EXPORT_MALFORMED',
    });
    await expect(fileOf(new Uint8Array(0))).rejects.toMatchObject({ code: 'EXPORT_MALFORMED' });
  });

  it.each(['commits', 'records', 'head', 'root'] as const)(
    'is not fooled by an end that tells of other %s',
    async (member) => {
      const frames = await framesOf();
      const last = frames.at(-1);
      if (last?.type !== 'end') throw new Error('an end stands there');
      const lie = typeof last.end[member] === 'number' ? 1 : fixedBytes('lie');
      const told: ExportFrame = { type: 'end', end: { ...last.end, [member]: lie } };
      const report = await verifyExport(await forged(frames.with(-1, told)));
      expect(report).toMatchObject({ code: 'EXPORT_MALFORMED', checkpoints: 0 });
    },
  );

  it('of another ledger, or of none, says so', async () => {
    const frames = await framesOf();
    const other = signerFrom(fixedBytes('other')).publicKey;
    const ledger = { ...identity, publicKey: other };
    const foreign: ExportFrame = { type: 'header', header: { ...sampleHeader, ledger } };
    expect(await verifyExport(await forged(frames.with(0, foreign)))).toMatchObject({
      code: 'FOREIGN',
      index: 0,
    });
    const empty = frames.filter(({ type }) => type !== 'commit');
    expect(await verifyExport(await forged(empty))).toMatchObject({
      code: 'EMPTY',
      class: 'store_lost',
    });
  });

  it('finds that it is older than a checkpoint in it, or another history', async () => {
    const verify = async (commits: readonly Uint8Array[], note: string) => {
      const frames = await readFrames(await exportOf(commits));
      return verifyExport(await forged(frames.toSpliced(1, 0, { type: 'note', text: note })));
    };
    const shorter = sample.commits.slice(0, 6);
    const good = sample.notes.get(4) ?? '';
    expect(await verify(sample.commits.slice(0, 3), good)).toMatchObject({
      code: 'ROLLED_BACK',
      class: 'rolled_back',
      index: 3,
    });
    const checkpoint = { origin: ledgerOrigin(identity.id), size: 5, root: fixedBytes('root') };
    expect(await verify(shorter, signCheckpoint(signer, checkpoint))).toMatchObject({
      code: 'FORKED',
      class: 'forked',
      index: 4,
    });
    const root = fromBase64(good.split('\n')[2] ?? '');
    const stranger = signerFrom(fixedBytes('other'));
    const unsigned = signCheckpoint(stranger, { ...checkpoint, size: 4, root });
    expect(await verify(shorter, unsigned)).toMatchObject({ code: 'PIN_INVALID', index: 9 });
    expect(await verify(shorter, 'no note\n')).toMatchObject({ code: 'PIN_INVALID', index: 0 });
  });
});

describe('importing', () => {
  it('puts the same commits into an empty store, then keys and files', async () => {
    const place = emptyPlace();
    const bytes = await exportOf(sample.commits, { notes: [...sample.notes.values()] });
    const progress: number[] = [];
    const { report, checkpoint } = await importLedger(
      await fileOf(bytes),
      place,
      [],
      ({ records }) => progress.push(records),
    );
    expect(checkpoint).toBe([...sample.notes.values()].at(-1));
    expect(place.store.commits).toEqual(sample.commits);
    expect(place.added).toEqual(['root', 'vine/vine.conf']);
    expect(progress.at(-1)).toBe(report.records);
    expect(await exportOf(place.store.commits, { notes: [...sample.notes.values()] })).toEqual(
      bytes,
    );
  });

  it('refuses what does not verify, before any key or file', async () => {
    const frames = await framesOf();
    const place = emptyPlace();
    await expect(importLedger(await forged(frames.toSpliced(5, 1)), place)).rejects.toMatchObject({
      code: 'INDEX_GAP',
      index: 4,
    });
    expect(place.added).toEqual([]);
    const bytes = await exportOf(sample.commits);
    const cut = await fileOf(bytes.subarray(0, bytes.length - 300));
    await expect(importLedger(cut, emptyPlace())).rejects.toMatchObject({
      code: 'EXPORT_MALFORMED',
    });
  });

  it('refuses what is older than the place knows of', async () => {
    const file = await fileOf(await exportOf(sample.commits.slice(0, 3)));
    const pinned = [{ pin: 'the pin', note: sample.notes.get(4) ?? '' }];
    await expect(importLedger(file, emptyPlace(), pinned)).rejects.toMatchObject({
      code: 'ROLLED_BACK',
      index: 3,
    });
  });

  it('refuses a place that is not empty, or does not keep what it is given', async () => {
    const file = await fileOf(await exportOf(sample.commits));
    const full = emptyPlace();
    full.store.commits = [fixedBytes('something')];
    await expect(importLedger(file, full)).rejects.toMatchObject({ code: 'FENCED' });
    const forgetful = emptyPlace();
    forgetful.store.onAppend = (keep) => {
      if (forgetful.store.commits.length < 4) keep();
      else forgetful.store.commits.push(fixedBytes('else'));
      return 'appended';
    };
    await expect(importLedger(file, forgetful)).rejects.toMatchObject({ code: 'COMMIT_MALFORMED' });
  });
});
