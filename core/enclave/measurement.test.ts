import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measureImage } from './measurement.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cambium-image-'));
  for (const folder of ['dist/core', 'handlers/pay'])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'dist/main.js'), 'main');
  await writeFile(join(root, 'dist/core/vault.js'), 'vault');
  await writeFile(join(root, 'handlers/pay/handler.json'), '{}');
  await writeFile(join(root, 'package-lock.json'), '{}');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('the measurement of an image', () => {
  it('is SHA-384 over its files and this interpreter, as lines of path and digest', async () => {
    const digest = (bytes: string | Uint8Array): string =>
      createHash('sha384').update(bytes).digest('hex');
    const lines = [
      `dist/core/vault.js ${digest('vault')}`,
      `dist/main.js ${digest('main')}`,
      `handlers/pay/handler.json ${digest('{}')}`,
      `package-lock.json ${digest('{}')}`,
      `node ${process.version} ${digest(await readFile(process.execPath))}`,
    ];
    expect(await measureImage(root)).toBe(digest(`${lines.join('\n')}\n`));
  });

  it.each([
    [
      'a byte of the program is another',
      () => writeFile(join(root, 'dist/core/vault.js'), 'Vault'),
    ],
    ['a file is added', () => writeFile(join(root, 'dist/extra.js'), '')],
    [
      'a file has another name',
      () => rename(join(root, 'dist/main.js'), join(root, 'dist/Main.js')),
    ],
    ['a manifest is another', () => writeFile(join(root, 'handlers/pay/handler.json'), '{ }')],
    ['the lock file is another', () => writeFile(join(root, 'package-lock.json'), '{ }')],
  ])('is another when %s', async (_, change) => {
    const before = await measureImage(root);
    expect(await measureImage(root)).toBe(before);
    await change();
    expect(await measureImage(root)).not.toBe(before);
  });
});
