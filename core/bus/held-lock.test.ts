import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdLock } from './held-lock.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-lock-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Whether the kernel would give this lock to somebody else now. */
async function isFree(file: string): Promise<boolean> {
  const [code] = (await once(spawn('flock', ['--nonblock', file, 'true']), 'exit')) as [number];
  return code === 0;
}

describe('a held lock', () => {
  it('is nobody else’s until it is let go of', async () => {
    const file = join(folder, 'lock');
    const lock = await holdLock(file);
    expect(await isFree(file)).toBe(false);
    await expect(holdLock(file)).rejects.toMatchObject({ code: 'LOCKED' });
    await lock.release();
    expect(await isFree(file)).toBe(true);
    await (await holdLock(file)).release();
  });

  it('is not given where no file can be', async () => {
    await expect(holdLock(join(folder, 'nowhere', 'lock'))).rejects.toMatchObject({
      code: 'START_FAILED',
    });
  });
});
