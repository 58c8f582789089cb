import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHandlerHost } from './handler-host.ts';
import type { HandlerOutcome } from './handler-port.ts';
import { loadManifests } from './manifest-loader.ts';
import { detectSandbox, type Sandbox } from './sandbox.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const servers: Server[] = [];
let folder: string;
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-host-'));
});

afterAll(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true });
});

/** A listener of this process on a port, an abstract socket or a socket file. */
async function listening(where: number | string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  server.listen(typeof where === 'number' ? { port: where, host: '127.0.0.1' } : { path: where });
  await once(server, 'listening');
  return server;
}

async function breakOut(sandbox: Sandbox): Promise<HandlerOutcome> {
  const [handler] = (await loadManifests(fixtures)).filter((h) => h.manifest.name === 'break-out');
  if (handler === undefined) throw new Error('no fixture');
  runs += 1;
  const id = `${process.pid}-${runs}`;
  const abstract = `\0cambium-${id}`;
  const socket = join(folder, `${runs}.sock`);
  const address = (await listening(0)).address();
  await listening(abstract);
  await listening(socket);
  const host = createHandlerHost([handler], { sandbox, onLog: () => undefined });
  const payload = {
    port: typeof address === 'object' ? address?.port : 0,
    abstract,
    socket,
    file: join(import.meta.dirname, 'handler-host.ts'),
    addon: '/usr/lib/x86_64-linux-gnu/libm.so.6',
    pid: process.pid,
  };
  const call = {
    call: id,
    type: 'break.out',
    event: { id: 'event', time: 0, payload },
    vault: 'vault',
    connection: 'connection',
    party: 'party',
  };
  const services = {
    read: () => Promise.reject(new Error('nobody reads here')),
    sign: () => Promise.reject(new Error('nobody signs here')),
    entry: () => Promise.reject(new Error('nobody reads here')),
    entries: () => Promise.reject(new Error('nobody reads here')),
  };
  const outcome = await host.run(handler, call, services, { fields: new Set() });
  await host.stop();
  return outcome;
}

/** A search path with util-linux's tools but no bubblewrap, as on a machine that lacks it. */
async function withoutBubblewrap(): Promise<string> {
  const { tools } = await detectSandbox();
  for (const tool of ['unshare', 'setpriv'] as const) {
    const path = tools[tool];
    if (path !== undefined) await symlink(path, join(folder, tool)).catch(() => undefined);
  }
  return folder;
}

async function expectKeptIn(sandbox: Sandbox): Promise<void> {
  process.env['CAMBIUM_TEST_SECRET'] = 'in the vault only';
  const { code, result, detail } = await breakOut(sandbox);
  expect({ code, detail }).toEqual({ code: 'ok', detail: undefined });
  const { environment, ...attempts } = result as Record<string, string>;
  expect(environment).not.toContain('CAMBIUM_TEST_SECRET');
  expect(environment).not.toContain('PATH');
  expect(Object.entries(attempts).filter(([, said]) => !said.startsWith('refused:'))).toEqual([]);
}

describe('a handler that tries to break out', () => {
  it('gets nowhere in the sandbox of this machine', async (test) => {
    const sandbox = await detectSandbox();
    test.skip(sandbox.network, sandbox.notes.join(' '));
    await expectKeptIn(sandbox);
  });

  it('gets nowhere without bubblewrap', async (test) => {
    const sandbox = await detectSandbox(await withoutBubblewrap());
    test.skip(sandbox.network, sandbox.notes.join(' '));
    expect(sandbox.kind).toBe('unshare');
    await expectKeptIn(sandbox);
  });
});

describe('a machine that cannot cut the network off', () => {
  it('starts no handler', async () => {
    const sandbox = await detectSandbox('');
    expect(sandbox).toMatchObject({ kind: 'node-only', network: true });
    const create = () => createHandlerHost([], { sandbox, onLog: () => undefined });
    expect(create).toThrow(/cannot keep handlers off the network[\s\S]*CAMBIUM_WEAK_SANDBOX=1/);
  });

  it('starts them when told to, and they still get no file, child process or addon', async () => {
    const sandbox = await detectSandbox('');
    process.env['CAMBIUM_WEAK_SANDBOX'] = '1';
    const { result } = await breakOut(sandbox);
    delete process.env['CAMBIUM_WEAK_SANDBOX'];
    const said = result as Record<string, string>;
    expect(said['loopback']).toBe('done: connected');
    for (const name of ['passwd', 'vaultFile', 'folder', 'write', 'child', 'worker', 'addon']) {
      expect(said[name]).toMatch(/^refused: ERR_/);
    }
  });
});
