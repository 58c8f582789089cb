import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findNatsServer } from '../nats-binary.ts';
import { TestVine } from './test-vine.ts';
import { isVineConfig, vineConfig } from './vine-config.ts';
import { createVineKeys, publicKey } from './vine-keys.ts';
import { startVineServer } from './vine-server.ts';

let vine: TestVine;

beforeAll(async () => {
  vine = await TestVine.start();
});
afterAll(() => vine.stop());

test('the configuration holds no seed', async () => {
  const keys = createVineKeys();
  const config = await vineConfig(keys, { storeDir: '/a "b"/c', resolverDir: '/d' });
  for (const seed of Object.values(keys)) expect(config).not.toContain(seed);
  expect(config).not.toMatch(/\bS[OAU][A-Z2-7]{56}\b/);
  expect(config).toContain(publicKey(keys.message));
});

test('keys are of the kinds that sign: one operator, four accounts', () => {
  const kinds = Object.entries(createVineKeys()).map(([name, seed]) => [name, publicKey(seed)[0]]);
  expect(Object.fromEntries(kinds)).toEqual({
    operator: 'O',
    sys: 'A',
    owner: 'A',
    message: 'A',
    issuer: 'A',
  });
});

test('a configuration of ours is told from every other', async () => {
  const folders = { storeDir: 'jetstream', resolverDir: 'accounts' };
  const config = await vineConfig(createVineKeys(), folders);
  expect(isVineConfig(config, folders)).toBe(true);
  for (const other of [
    '',
    `${config}include "/etc/other.conf"\n`,
    `log_file: "/tmp/log"\n${config}`,
    config.replace('"dir": "accounts"', '"dir": "/etc"'),
    config.replace('"store_dir": "jetstream"', '"store_dir": "../jetstream"'),
    config.replace('operator: "', 'operator: "$HOME'),
    config.replace('"allow_delete": false', '"allow_delete": true'),
    config.replace('\n', '\r\n'),
  ])
    expect(isVineConfig(other, folders)).toBe(false);
  expect(isVineConfig(config, { ...folders, storeDir: 'elsewhere' })).toBe(false);
});

test('its files lie in the folders given, relative to the vine', async () => {
  await vine.newParty();
  const entries = await readdir(vine.dir);
  expect(entries).toContain('jetstream');
  expect(await readdir(join(vine.dir, 'accounts'))).toHaveLength(4);
});

test('a second vine on the same folder is refused', async () => {
  const { path: binary } = await findNatsServer();
  const second = startVineServer({ binary, dir: vine.dir, config: vine.config });
  await expect(second).rejects.toMatchObject({ code: 'LOCKED' });
});
