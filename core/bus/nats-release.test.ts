import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchFromDebian } from './nats-debian.ts';
import { fetchRelease, releaseArchive } from './nats-release.ts';

let folder: string;
let server: Server;
let archive: Buffer;
let url: string;
const member = 'nats-server-v9/nats-server';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-release-'));
  await mkdir(join(folder, 'nats-server-v9'));
  await mkdir(join(folder, 'out'));
  await writeFile(join(folder, member), 'the program');
  execFileSync('tar', ['-czf', 'release.tar.gz', 'nats-server-v9'], { cwd: folder });
  archive = await readFile(join(folder, 'release.tar.gz'));
  server = createServer((request, response) => {
    response.statusCode = request.url === '/release.tar.gz' ? 200 : 404;
    response.end(archive);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

function fetchFrom(path: string, sha256: string): Promise<string> {
  return fetchRelease({ url: url + path, sha256, member }, join(folder, 'out'), process.env);
}

describe('a release archive', () => {
  it('gives its program when its hash is the pinned one', async () => {
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const program = await fetchFrom('/release.tar.gz', sha256);
    expect(await readFile(program, 'utf8')).toBe('the program');
  });

  it('is not unpacked when its hash is another', async () => {
    await expect(fetchFrom('/release.tar.gz', '00'.repeat(32))).rejects.toThrow(/SHA-256/);
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });

  it('fails with the reason when it is not there, or nobody answers', async () => {
    await expect(fetchFrom('/other.tar.gz', '')).rejects.toThrow(/status 404/);
    server.closeAllConnections();
    server.close();
    await expect(fetchFrom('/release.tar.gz', '')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('is known only for platforms whose hash is pinned', () => {
    expect(releaseArchive('linux', 'x64')?.url).toContain('linux-amd64.tar.gz');
    expect(releaseArchive('linux', 'arm64')?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(releaseArchive('linux', 'mips')).toBeUndefined();
    expect(releaseArchive('win32', 'x64')).toBeUndefined();
  });
});

describe('Debian testing', () => {
  it('is not asked on a machine without its tools', async () => {
    const nothing = fetchFromDebian(join(folder, 'out'), { PATH: folder });
    await expect(nothing).rejects.toThrow(/apt-get is not installed/);
  });
});
