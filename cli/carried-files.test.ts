import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vineConfig } from '../core/bus/vine/vine-config.ts';
import { createVineKeys } from '../core/bus/vine/vine-keys.ts';
import { utf8 } from '../wire/bytes.ts';
import { addCarriedFile, carriedFiles } from './carried-files.ts';
import { type DataDir, dataDir } from './data-dir.ts';
import { vineFolders } from './servers.ts';

const account = `vine/accounts/A${'B'.repeat(55)}.jwt`;
const app = '{"v":1,"seals":[{"recipe":"aa","nonce":"bb","box":"cc"}]}\n';
let data: DataDir;
let config: string;

beforeEach(async () => {
  data = dataDir(await mkdtemp(join(tmpdir(), 'cambium-carried-')));
  config = await vineConfig(createVineKeys(), vineFolders);
});
afterEach(() => rm(data.path, { recursive: true }));

describe('what goes along in an export', () => {
  it('is what makes the messaging layer and the owner’s app the same elsewhere, and no more', async () => {
    await mkdir(join(data.path, 'vine/accounts'), { recursive: true });
    await mkdir(data.services);
    for (const [name, text] of [
      ['owner-app.json', app],
      ['vine/vine.conf', config],
      ['vine/server.conf', 'port: 1'],
      ['vine/vine.lock', ''],
      [account, 'a.b.c'],
      ['vine/accounts/other.jwt', 'a.b.c'],
      ['services/shop.json', '{}'],
      ['vault.json', '{}'],
    ] as const)
      await writeFile(join(data.path, name), text);
    const carried = await carriedFiles(data);
    expect(carried.map(({ name }) => name)).toEqual(['owner-app.json', 'vine/vine.conf', account]);
    const elsewhere = dataDir(join(data.path, 'elsewhere'));
    for (const { name, bytes } of carried) await addCarriedFile(elsewhere, name, bytes);
    expect(await carriedFiles(elsewhere)).toEqual(carried);
  });

  it('is nothing in a folder that has nothing of it', async () => {
    expect(await carriedFiles(data)).toEqual([]);
  });

  it.each([
    ['vault.json', '{}'],
    ['services/shop.json', '{}'],
    ['vine/server.conf', 'port: 1'],
    ['../outside', 'x'],
    ['vine/accounts/../../outside', 'a.b.c'],
    ['vine/accounts/other.jwt', 'a.b.c'],
    [account, 'no token'],
    [account, 'a.b.c\n'],
    [account, `${'a'.repeat(70_000)}.b.c`],
    ['owner-app.json', '{}'],
    ['owner-app.json', app.replace('"aa"', '"\\u0061"')],
    ['vine/vine.conf', 'include "/etc/passwd"'],
  ])('is refused as %s when it says %s', async (name, text) => {
    await expect(addCarriedFile(data, name, utf8(text))).rejects.toMatchObject({ kind: 'failed' });
    expect(await readdir(data.path)).toEqual([]);
  });

  it('is refused when it is not the text that it would be read as', async () => {
    const bytes = Uint8Array.of(...utf8(app), 0xff);
    await expect(addCarriedFile(data, 'owner-app.json', bytes)).rejects.toThrow();
    await addCarriedFile(data, 'owner-app.json', utf8(app));
    expect(await readFile(data.ownerFile, 'utf8')).toBe(app);
  });
});
