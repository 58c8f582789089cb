import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliWorld, contract, main, until } from '../cli-world.ts';

const birth = 'personal/date_of_birth';
const asking = ['service', 'request', 'data.request', '--field', birth];

type Device = { readonly connection: string; readonly name: string; readonly status: string };
type Waiting = { readonly connection?: string; readonly request?: string };
type Rule = { readonly rule: number; readonly field: string };

describe('what the owner grants, and who speaks for them, by the built command', () => {
  let world: CliWorld;
  let vault: ChildProcess;
  let shop: string;

  beforeAll(async () => {
    world = await CliWorld.create();
    await done('init');
    vault = spawn(process.execPath, [main, 'run'], { env: world.environment(), stdio: 'ignore' });
    await done('owner', 'set', 'personal/full_name', 'Ada Lovelace');
    await done('owner', 'set', birth, '1815-12-10');
    const invite = `${world.folder}/invite`;
    await done('owner', 'invite', 'Acme', '--out', invite);
    const connecting = done('service', 'connect', invite, '--as', 'acme', '--contract', contract);
    shop = (await waiting('connections')).connection ?? '';
    await done('owner', 'approve', shop);
    await connecting;
  });
  afterAll(async () => {
    vault?.kill('SIGTERM');
    await new Promise((resolve) => vault?.once('exit', resolve));
    await world?.destroy();
  });

  const waiting = (of: 'requests' | 'connections'): Promise<Waiting> =>
    until(
      async () => (await world.json<Record<typeof of, Waiting[]>>(['owner', 'pending']))[of][0],
    );

  async function done(...args: string[]): Promise<string> {
    const { code, out, err } = await world.run(args);
    expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' });
    return out;
  }

  it('a second device is paired, speaks for the owner from its own file, and is removed', async () => {
    const file = `${world.folder}/phone.json`;
    expect(await done('owner', 'pair', 'phone', '--out', file)).toContain('phone is paired');
    const speaking = await world.run(['owner', 'devices', '--json'], { CAMBIUM_OWNER_APP: file });
    const phone = (JSON.parse(speaking.out) as Device[]).find(({ name }) => name === 'phone');
    expect(phone).toMatchObject({ status: 'active', own: true });
    const kept = await readFile(file, 'utf8');
    const over = await world.run(['owner', 'pair', 'tablet', '--out', file]);
    expect([over.code, over.err]).toEqual([2, expect.stringContaining('is there already')]);
    expect(await readFile(file, 'utf8')).toBe(kept);
    const nowhere = ['owner', 'pair', 'tablet', '--out', `${world.folder}/none/tablet.json`];
    expect((await world.run(nowhere)).code).toBe(1);
    expect(await world.json<Device[]>(['owner', 'devices'])).toHaveLength(2);
    await done('owner', 'unpair', phone?.connection ?? '');
    const left = await world.json<Device[]>(['owner', 'devices']);
    expect(left.filter(({ status }) => status === 'active')).toHaveLength(1);
  });

  it('a field is granted anew to who has it by contract, and to nobody else', async () => {
    await done('owner', 'grant', shop, '--fields', 'personal/full_name');
    const other = await world.run(['owner', 'grant', shop, '--fields', 'health/blood_type']);
    expect(other.code).toBe(1);
    expect(other.err).toContain('field_not_in_contract');
  });

  it('an approval is remembered, listed, and taken back', async () => {
    expect(await world.json<Rule[]>(['owner', 'rules'])).toEqual([]);
    const asked = done(...asking);
    const { request = '' } = await waiting('requests');
    await done('owner', 'approve', request, '--remember', '30d');
    expect(await asked).toContain('1815-12-10');
    const [rule, ...more] = await world.json<Rule[]>(['owner', 'rules']);
    expect(more).toEqual([]);
    expect(rule).toMatchObject({ field: birth });
    await done('owner', 'rules', 'revoke', String(rule?.rule));
    expect(await world.json<Rule[]>(['owner', 'rules'])).toEqual([]);
  });
});
