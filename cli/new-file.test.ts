import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../wire/bytes.ts';
import { makeFile } from './new-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a file that is made whole', () => {
  it('holds what was written, in order, for its owner only', async () => {
    const path = join(folder, 'file');
    const pieces = Array.from({ length: 3_000 }, (_, at) => utf8(`${at} ${'x'.repeat(200)}\n`));
    const result = await makeFile(path, async (write) => {
      for (const piece of pieces) await write(piece);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await readFile(path)).toEqual(Buffer.concat(pieces));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('is not there at all when writing it fails', async () => {
    const making = makeFile(join(folder, 'file'), async (write) => {
      await write(utf8('half'));
      throw new Error('no more');
    });
    await expect(making).rejects.toThrow('no more');
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes no other file’s place, not even of one that came meanwhile', async () => {
    const path = join(folder, 'file');
    const making = makeFile(path, () => writeFile(path, 'theirs'));
    await expect(making).rejects.toMatchObject({ kind: 'usage' });
    expect(await readFile(path, 'utf8')).toBe('theirs');
    await expect(makeFile(path, async () => {})).rejects.toMatchObject({ kind: 'usage' });
    expect(await readdir(folder)).toEqual(['file']);
  });
});
