import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSealer, type Sealer, SealerError, sealerFolder } from './sealer.ts';

const [id, other] = [new Uint8Array(16).fill(7), new Uint8Array(16).fill(8)];
let home: string;
let folder: string;
let sealer: Sealer;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cambium-sealer-'));
  folder = join(home, 'state', 'sealer');
  sealer = fileSealer(folder);
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('a file sealer', () => {
  it('has nothing at first', async () => {
    expect(await sealer.generations(id)).toEqual([]);
    await expect(sealer.secret(id, 1)).rejects.toThrow(SealerError);
  });

  it('numbers the secrets of each id, and gives each back', async () => {
    expect([await sealer.create(id), await sealer.create(id)]).toEqual([1, 2]);
    expect(await sealer.create(other)).toBe(1);
    expect(await sealer.generations(id)).toEqual([1, 2]);
    const again = fileSealer(folder);
    const secrets = [
      await again.secret(id, 1),
      await again.secret(id, 2),
      await again.secret(other, 1),
    ];
    for (const secret of secrets) expect(secret).toHaveLength(32);
    expect(new Set(secrets.map(String)).size).toBe(3);
    expect(await sealer.secret(id, 1)).toEqual(secrets[0]);
  });

  it('goes on from the greatest number, also beyond nine', async () => {
    for (let generation = 1; generation <= 11; generation++)
      expect(await sealer.create(id)).toBe(generation);
    await sealer.destroy(id, 3);
    expect(await sealer.generations(id)).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await sealer.create(id)).toBe(12);
  });

  it('keeps them to their user', async () => {
    await sealer.create(id);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const [file = ''] = await readdir(folder);
    expect(file).toBe(`${'07'.repeat(16)}.1.sealer`);
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  });

  it('destroys one, again if need be, and leaves the others', async () => {
    await sealer.create(id);
    await sealer.create(id);
    const kept = await sealer.secret(id, 2);
    await sealer.destroy(id, 1);
    await sealer.destroy(id, 1);
    await expect(sealer.secret(id, 1)).rejects.toThrow(/is not there/);
    expect(await sealer.generations(id)).toEqual([2]);
    expect(await sealer.secret(id, 2)).toEqual(kept);
  });

  it('overwrites a secret before it lets go of its file', async () => {
    await sealer.create(id);
    const secret = await sealer.secret(id, 1);
    const path = join(folder, `${'07'.repeat(16)}.1.sealer`);
    const { open } = await import('node:fs/promises');
    const held = await open(path, 'r');
    await sealer.destroy(id, 1);
    const left = Buffer.alloc(32);
    await held.read(left, 0, 32, 0);
    await held.close();
    expect(left.equals(secret)).toBe(false);
  });

  it('passes over other files, and refuses half a secret', async () => {
    await sealer.create(id);
    await writeFile(join(folder, `${'07'.repeat(16)}.01.sealer`), 'x');
    await writeFile(join(folder, `${'07'.repeat(16)}.2.sealer.bak`), 'x');
    await writeFile(join(folder, 'notes'), 'x');
    expect(await sealer.generations(id)).toEqual([1]);
    // As a crash in the middle of `create` leaves it.
    await writeFile(join(folder, `${'07'.repeat(16)}.2.sealer`), '');
    await expect(sealer.secret(id, 2)).rejects.toThrow(SealerError);
    expect(await sealer.create(id)).toBe(3);
    await sealer.destroy(id, 2);
    expect(await sealer.generations(id)).toEqual([1, 3]);
  });

  it('fails, and does not seem empty, when its folder is none', async () => {
    await writeFile(join(home, 'state'), 'a file');
    await expect(sealer.generations(id)).rejects.toThrow(/ENOTDIR/);
    expect((await readFile(join(home, 'state'))).length).toBe(6);
  });

  it('lies where the environment says, or in the state directory of the user', () => {
    expect(sealerFolder({ CAMBIUM_STATE: '/here' })).toBe('/here/sealer');
    expect(sealerFolder({ XDG_STATE_HOME: '/state' })).toBe('/state/cambium/sealer');
    expect(sealerFolder({})).toMatch(/\.local\/state\/cambium\/sealer$/);
  });
});
