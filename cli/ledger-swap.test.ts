import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataDir, dataDir } from './data-dir.ts';
import { dropLeftovers, finishSwap, swapLedger } from './ledger-swap.ts';
import { beganAt } from './process-start.ts';

const healed = 'ledger.healed-20260101T000000Z';
const aside = 'ledger.damaged-20260101T000000Z';

let data: DataDir;

beforeEach(async () => {
  data = dataDir(await mkdtemp(join(tmpdir(), 'cambium-swap-')));
  await makeFolder(data.ledger, 'damaged');
  await makeFolder(join(data.path, healed), 'healed');
});
afterEach(() => rm(data.path, { recursive: true }));

async function makeFolder(path: string, file: string): Promise<void> {
  await mkdir(path);
  await writeFile(join(path, file), '');
}

async function leaveNote(note: object): Promise<void> {
  await writeFile(join(data.path, 'repair.json'), JSON.stringify(note));
}

async function expectSwapped(): Promise<void> {
  expect(await readdir(data.ledger)).toEqual(['healed']);
  expect(await readdir(join(data.path, aside))).toEqual(['damaged']);
  expect((await readdir(data.path)).sort()).toEqual(['ledger', aside]);
}

describe('putting a healed ledger in place', () => {
  it('keeps the damaged one aside, and leaves no note', async () => {
    await swapLedger(data, { healed, aside });
    await expectSwapped();
    expect(await finishSwap(data)).toBe(false);
  });

  it.each<readonly [string, () => Promise<void>]>([
    ['after the note', async () => {}],
    ['after the first rename', () => rename(data.ledger, join(data.path, aside))],
    [
      'after the second rename',
      async () => {
        await rename(data.ledger, join(data.path, aside));
        await rename(join(data.path, healed), data.ledger);
      },
    ],
  ])('is completed when it was cut short %s', async (_, crash) => {
    await leaveNote({ healed, aside, pid: process.pid, began: 'before' });
    await crash();
    expect(await finishSwap(data)).toBe(true);
    await expectSwapped();
  });

  it('takes nothing away where another ledger has come up meanwhile', async () => {
    await leaveNote({ healed, aside, pid: 1, began: 'before' });
    await rename(data.ledger, join(data.path, aside));
    await makeFolder(data.ledger, 'another');
    await expect(finishSwap(data)).rejects.toMatchObject({ code: 'ENOTEMPTY' });
    expect(await readdir(data.ledger)).toEqual(['another']);
    expect(await readdir(join(data.path, healed))).toEqual(['healed']);
  });

  it('is left to the process that is at it', async () => {
    const began = await beganAt(process.ppid);
    await leaveNote({ healed, aside, pid: process.ppid, began });
    await expect(finishSwap(data)).rejects.toThrow('is being repaired');
    expect(await readdir(data.ledger)).toEqual(['damaged']);
  });

  it('does not follow a note that leads elsewhere, or is none', async () => {
    const outside = join(data.path, 'outside');
    await makeFolder(outside, 'precious');
    for (const note of [
      { healed: 'outside', aside },
      { healed, aside: '../outside' },
      { healed: '../ledger.healed-1', aside },
      { healed: 1, aside },
      [],
    ]) {
      await leaveNote({ ...note, pid: 1, began: '' });
      await expect(finishSwap(data)).rejects.toThrow('not a note');
    }
    await writeFile(join(data.path, 'repair.json'), '{');
    await expect(finishSwap(data)).rejects.toThrow('not a note');
    expect(await readdir(outside)).toEqual(['precious']);
    expect(await readdir(data.ledger)).toEqual(['damaged']);
  });
});

describe('what an interrupted repair left behind', () => {
  it('is removed; damaged ledgers stay', async () => {
    await makeFolder(join(data.path, aside), 'damaged');
    await makeFolder(`${data.ledger}.healing-1`, 'half');
    await mkdir(data.run);
    await makeFolder(join(data.run, 'examined-1'), 'copy');
    await writeFile(join(data.run, 'ledger.json'), 'note');
    await dropLeftovers(data);
    expect((await readdir(data.path)).sort()).toEqual(['ledger', aside, 'run']);
    expect(await readFile(join(data.run, 'ledger.json'), 'utf8')).toBe('note');
  });
});
