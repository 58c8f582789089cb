import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { findNatsServer } from './nats-binary.ts';
import { type NatsServer, type NatsServerOptions, startNatsServer } from './nats-server.ts';
import { isAlive } from './process-tools.ts';

let binary: string;
let folder: string;
const started: NatsServer[] = [];

async function start(options: Partial<NatsServerOptions> = {}): Promise<NatsServer> {
  const dir = join(folder, 'run');
  const server = await startNatsServer({ binary, dir, config: '', name: 'test', ...options });
  started.push(server);
  return server;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen in 15 s');
    await sleep(20);
  }
}

beforeAll(async () => {
  binary = (await findNatsServer()).path;
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-nats-'));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

describe('a nats-server child', () => {
  it('accepts connections on loopback once it is said to be started', async () => {
    const server = await start();
    expect(server.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
    const connection = await connect({ servers: server.url });
    expect(connection.info?.server_name).toBe('test');
    await connection.close();
  });

  it('leaves a private configuration and its log behind, and nothing else', async () => {
    const server = await start();
    const dir = join(folder, 'run');
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, 'server.conf'))).mode & 0o777).toBe(0o600);
    await server.stop();
    expect((await readdir(dir)).sort()).toEqual(['server.conf', 'server.log']);
  });

  it('ends when stopped, and may be stopped again', async () => {
    const server = await start();
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(await server.exited).toBeDefined();
  });

  it('says so when it ends by itself', async () => {
    const server = await start();
    server.kill('SIGKILL');
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('names its websocket address when it has one', async () => {
    const config = 'websocket { host: "127.0.0.1", port: -1, no_tls: true }';
    expect((await start({ config })).websocketUrl).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  });

  it('sees nothing of the environment of its parent', async () => {
    vi.stubEnv('CAMBIUM_TEST_SECRET', 'hush');
    const server = await start();
    vi.unstubAllEnvs();
    const environment = await readFile(`/proc/${server.pid}/environ`, 'utf8');
    expect(environment).not.toMatch(/hush|HOME|PATH/);
  });

  it('does not take a ports file of an earlier server for its own', async () => {
    const first = await start();
    const files = await readdir(join(folder, 'run'));
    expect(files.some((name) => name.endsWith(`_${first.pid}.ports`))).toBe(true);
    first.kill('SIGKILL');
    await first.exited;
    await start();
    const left = await readdir(join(folder, 'run'));
    expect(left.some((name) => name.endsWith(`_${first.pid}.ports`))).toBe(false);
  });
});

describe('a nats-server child that does not come up', () => {
  it('gives its last log lines when its configuration is wrong', async () => {
    const failed = start({ config: 'no_such_setting: 1' });
    await expect(failed).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('no_such_setting'),
    });
    expect(await readdir(join(folder, 'run'))).toEqual([]);
  });

  it('gives its last log lines when it can read its configuration, and still cannot start', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const failed = start({ config: `jetstream { store_dir: ${JSON.stringify(file)} }` });
    await expect(failed).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('JetStream'),
    });
  });

  it('is a failed start when there is no such program', async () => {
    await expect(start({ binary: join(folder, 'absent') })).rejects.toMatchObject({
      code: 'START_FAILED',
    });
  });

  it('is killed when it is not ready in time', async () => {
    const slow = join(folder, 'slow');
    await writeFile(slow, '#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 60\n');
    await chmod(slow, 0o755);
    await expect(start({ binary: slow, readyWaitMs: 500 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    expect(isAlive(Number(await readFile(`${slow}.pid`, 'utf8')))).toBe(false);
  });
});

describe('two nats-servers on one lock', () => {
  it('are refused while the first lives and accepted after', async () => {
    const lock = join(folder, 'lock');
    const first = await start({ lock });
    await expect(start({ lock })).rejects.toMatchObject({ code: 'LOCKED' });
    await first.stop();
    await start({ lock });
  });

  it('are accepted as soon as the first is killed: no lock is left behind', async () => {
    const lock = join(folder, 'lock');
    const first = await start({ lock });
    first.kill('SIGKILL');
    await first.exited;
    await start({ lock });
  });

  it('can wait for one another', async () => {
    const lock = join(folder, 'lock');
    const first = await start({ lock });
    const order: string[] = [];
    const second = start({ lock, lockWaitMs: 20_000 }).then(() => order.push('second is up'));
    await sleep(300);
    order.push('first is told to stop');
    await first.stop();
    await second;
    expect(order).toEqual(['first is told to stop', 'second is up']);
  });

  it('do not exchange configurations when they start at once in one folder', async () => {
    const lock = join(folder, 'lock');
    const tokens = ['one', 'two', 'three', 'four'];
    const outcomes = await Promise.allSettled(
      tokens.map((token) => start({ lock, config: `authorization { token: "${token}" }` })),
    );
    const winners = outcomes.flatMap((outcome, index) =>
      outcome.status === 'fulfilled' ? [{ server: outcome.value, token: tokens[index] ?? '' }] : [],
    );
    expect(winners).toHaveLength(1);
    for (const { server, token } of winners) {
      await (await connect({ servers: server.url, token })).close();
    }
  });
});

describe('a nats-server whose parent is killed with SIGKILL', () => {
  const built = fileURLToPath(new URL('../../dist/core/bus/nats-server.js', import.meta.url));

  async function parentOf(options: NatsServerOptions): Promise<[ChildProcess, number]> {
    if (!existsSync(built))
      throw new Error('run `npm run build` first: Node 20 runs no TypeScript');
    const script = `
      const { startNatsServer } = await import(${JSON.stringify(built)});
      const server = await startNatsServer(${JSON.stringify(options)});
      console.log(server.pid);
      setInterval(() => undefined, 1000);`;
    const args = ['--input-type=module', '--eval', script];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = await once(parent.stdout, 'data');
    return [parent, Number(String(output))];
  }

  it('closes its store and ends, though nobody listens any more, and its lock is free', async () => {
    const [lock, dir] = [join(folder, 'lock'), join(folder, 'run')];
    const config = `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }\ndebug: true`;
    const [parent, pid] = await parentOf({ binary, dir, config, name: 'orphan', lock });
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid));
    expect(await readFile(join(dir, 'server.log'), 'utf8')).toContain('Server Exiting');
    // Removed by an orderly shutdown only.
    expect((await readdir(dir)).filter((name) => name.endsWith('.ports'))).toEqual([]);
    await start({ lock });
  });
});
