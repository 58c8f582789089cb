import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newServiceKeys, type ServiceConnection } from '../../service/service-identity.ts';
import { CliWorld, contract, main, until } from '../cli-world.ts';

let world: CliWorld;
let running: ChildProcess;

beforeAll(async () => {
  world = await CliWorld.create();
  await world.json(['init']);
  running = spawn(process.execPath, [main, 'run', '--json'], {
    env: world.environment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(running.stdout as NodeJS.ReadableStream, 'data');
  await world.run(['owner', 'set', 'personal/full_name', 'Ada Lovelace']);
  await world.run(['owner', 'set', 'personal/shipping_address', '12 St James Square']);
  const invite = join(world.folder, 'acme.invite');
  await world.run(['owner', 'invite', 'Acme', '--out', invite]);
  const asking = world.run(['service', 'connect', invite, '--as', 'acme', '--contract', contract]);
  const [waiting] = await until(async () => {
    const { connections } = await world.json<{ connections: { connection: string }[] }>([
      'owner',
      'pending',
    ]);
    return connections.length > 0 ? connections : undefined;
  });
  await world.run(['owner', 'approve', waiting?.connection ?? '']);
  expect((await asking).code).toBe(0);
}, 120_000);
afterAll(async () => {
  running.kill('SIGTERM');
  await once(running, 'exit');
  await world.destroy();
});

const file = (): string => join(world.data, 'services', 'acme.json');
const kept = async (): Promise<ServiceConnection> =>
  JSON.parse(await readFile(file(), 'utf8')) as ServiceConnection;
const request = () =>
  world.run(['service', 'request', 'data.request', '--field', 'personal/shipping_address']);

describe('keys that are replaced by commands', () => {
  it.each(['signing', 'encapsulation', 'ledger'])(
    'the vault’s %s key: owner and service go on, and keep the new one',
    async (key) => {
      expect((await world.run(['owner', 'rotate', key])).code).toBe(0);
      expect((await world.run(['owner', 'fields'])).out).toContain('personal/shipping_address');
      expect((await request()).out).toContain('12 St James Square');
      const { vaultKeys, invite } = await kept();
      if (key === 'ledger') expect(vaultKeys?.ledger).toHaveLength(2);
      else expect(vaultKeys?.[key as 'signing']).not.toBe(invite[key as 'signing']);
    },
  );

  it('the service’s own, and again after a try that was cut short', async () => {
    const before = await kept();
    expect((await world.run(['service', 'rekey'])).code).toBe(0);
    const after = await kept();
    expect(after.keys).not.toEqual(before.keys);
    expect(after.next).toBeUndefined();
    expect((await request()).out).toContain('12 St James Square');

    // Kept, and never asked for; then asked for, and the service never heard that they were taken.
    const next = newServiceKeys();
    await writeFile(file(), JSON.stringify({ ...after, next }));
    expect((await world.run(['service', 'rekey'])).code).toBe(0);
    expect((await kept()).keys).toEqual(next);
    await writeFile(file(), JSON.stringify({ ...after, next }));
    expect((await world.run(['service', 'rekey'])).code).toBe(0);
    expect((await kept()).keys).toEqual(next);
    expect((await request()).out).toContain('12 St James Square');
  });

  it('are in the trail', async () => {
    const { out } = await world.run(['audit']);
    expect(out).toContain('replaced its own keys');
    expect(out).toContain('A key was replaced: encapsulation');
  });
});
