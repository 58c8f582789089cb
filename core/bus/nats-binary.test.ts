import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNatsServer } from './nats-binary.ts';
import { cacheFolders, install, writableFolder } from './nats-cache.ts';
import { NatsServerMissingError } from './nats-missing-error.ts';
import { compareVersions, judgeVersion } from './nats-version.ts';

let folder: string;

/** A program that says it is this version of nats-server. */
async function plant(place: string, version: string): Promise<string> {
  const file = join(folder, place);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  await writeFile(file, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(file, 0o755);
  return file;
}

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: join(folder, 'bin'), CAMBIUM_CACHE: join(folder, 'cache'), ...more };
}

function find(more: NodeJS.ProcessEnv = {}) {
  return findNatsServer({ fetch: false, env: environment(more) });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-find-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('looking for nats-server', () => {
  it('takes what the environment names before all else', async () => {
    const named = await plant('mine/server', '2.15.1');
    await plant('bin/nats-server', '2.15.2');
    const found = await find({ CAMBIUM_NATS_SERVER: named });
    expect(found).toMatchObject({ path: named, source: 'environment', version: '2.15.1' });
  });

  it('takes what is on PATH before the cache', async () => {
    const onPath = await plant('bin/nats-server', '2.14.3');
    await plant('cache/nats-server-v2.15.1', '2.15.1');
    expect(await find()).toMatchObject({ path: onPath, source: 'path', warnings: [] });
  });

  it('passes over one on PATH that is too old, and says so', async () => {
    await plant('bin/nats-server', '2.9.10');
    const cached = await plant('cache/nats-server-v2.15.1', '2.15.1');
    const found = await find();
    expect(found).toMatchObject({ path: cached, source: 'cache' });
    expect(found.tried.map(({ source }) => source)).toEqual(['environment', 'path', 'cache']);
    expect(found.tried[1]?.result).toContain('2.9.10');
  });

  it('takes the newest in the cache that runs', async () => {
    await plant('cache/nats-server-v2.14.4', '2.14.4');
    const newest = await plant('cache/nats-server-v2.15.10', '2.15.10');
    await plant('cache/nats-server-v2.15.9', '2.15.9');
    await writeFile(join(folder, 'cache/nats-server-v2.16.0'), 'half a program');
    await chmod(join(folder, 'cache/nats-server-v2.16.0'), 0o755);
    expect((await find()).path).toBe(newest);
  });

  it('warns of a version with known vulnerabilities', async () => {
    await plant('bin/nats-server', '2.14.2');
    const { warnings } = await find();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('2.14.3');
  });

  it('skips folders of PATH that depend on where one stands', async () => {
    await plant('bin/nats-server', '2.15.1');
    await expect(find({ PATH: ':.:bin' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('looking for nats-server in vain', () => {
  it.each([
    ['is not there', async () => join(folder, 'absent')],
    ['is no nats-server', () => plant('mine/server', 'x')],
  ])('is an error when what the environment names %s', async (_, named) => {
    await plant('bin/nats-server', '2.15.1');
    const search = find({ CAMBIUM_NATS_SERVER: await named() });
    await expect(search).rejects.toMatchObject({ code: 'ENVIRONMENT_UNUSABLE' });
  });

  it('is an error when what the environment names is too old', async () => {
    await plant('bin/nats-server', '2.15.1');
    const search = find({ CAMBIUM_NATS_SERVER: await plant('mine/server', '2.11.9') });
    await expect(search).rejects.toMatchObject({ code: 'ENVIRONMENT_TOO_OLD' });
  });

  it('names every place tried, and the ways out', async () => {
    await plant('bin/nats-server', '2.9.10');
    const error = await find().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NatsServerMissingError);
    const { message } = error as NatsServerMissingError;
    for (const part of ['2.9.10', 'brew install', 'CAMBIUM_NATS_SERVER', 'docker', 'cache:']) {
      expect(message).toContain(part);
    }
  });

  it('does not run a program from a cache that others can write', async () => {
    await plant('cache/nats-server-v2.15.1', '2.15.1');
    await chmod(join(folder, 'cache'), 0o777);
    await expect(find()).rejects.toThrow(/written by other users/);
  });

  it('does not follow a planted link to a cache', async () => {
    await plant('elsewhere/nats-server-v2.15.1', '2.15.1');
    await symlink(join(folder, 'elsewhere'), join(folder, 'cache'));
    await expect(find()).rejects.toThrow(/is not a folder/);
  });
});

describe('the cache', () => {
  it('is where the environment says, else with the user, else in a private temporary folder', () => {
    expect(cacheFolders({ CAMBIUM_CACHE: '/c', HOME: '/h' })).toEqual(['/c']);
    expect(cacheFolders({ XDG_CACHE_HOME: '/x', HOME: '/h' })[0]).toBe('/x/cambium');
    expect(cacheFolders({ HOME: '/h' })[0]).toBe('/h/.cache/cambium');
    expect(cacheFolders({ HOME: '/h' })[1]).toMatch(/cambium-\d+$/);
  });

  it('falls back when the first folder cannot be written', async () => {
    const file = await plant('file', '1.0.0');
    const [first, second] = [join(file, 'cambium'), join(folder, 'second')];
    expect(await writableFolder([first, second])).toBe(second);
    await expect(writableFolder([first])).rejects.toThrow(/ENOTDIR/);
  });

  it('takes in one whole program when several processes put it there at once', async () => {
    const cache = await writableFolder([join(folder, 'cache')]);
    const produce = async (work: string) => {
      await writeFile(join(work, 'made'), '#!/bin/sh\necho "nats-server: v2.15.1"\n');
      return join(work, 'made');
    };
    const paths = await Promise.all(Array.from({ length: 8 }, () => install(cache, produce)));
    expect(new Set(paths)).toEqual(new Set([join(cache, 'nats-server-v2.15.1')]));
    expect(await readdir(cache)).toEqual(['nats-server-v2.15.1']);
    expect((await find()).source).toBe('cache');
  });

  it('takes in nothing that does not run', async () => {
    const cache = await writableFolder([join(folder, 'cache')]);
    const produce = async (work: string) => {
      await writeFile(join(work, 'made'), 'half a program');
      return join(work, 'made');
    };
    await expect(install(cache, produce)).rejects.toThrow();
    expect(await readdir(cache)).toEqual([]);
  });
});

describe('versions', () => {
  it('are compared as numbers, a pre-release before its release', () => {
    expect(compareVersions('2.9.10', '2.12.0')).toBeLessThan(0);
    expect(compareVersions('2.15.10', '2.15.9')).toBeGreaterThan(0);
    expect(compareVersions('2.15.0-RC.1', '2.15.0')).toBeLessThan(0);
    expect(compareVersions('2.15.1', '2.15.1')).toBe(0);
  });

  it('are judged good, outdated or refused', () => {
    expect(judgeVersion('2.14.3')).toBe('good');
    expect(judgeVersion('2.14.3-RC.1')).toBe('outdated');
    expect(judgeVersion('2.12.0')).toBe('outdated');
    expect(judgeVersion('2.11.99')).toBe('refused');
  });
});
