import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliWorld, contract, main, until } from './cli-world.ts';

let world: CliWorld;

beforeAll(async () => {
  world = await CliWorld.create();
});
afterAll(() => world.destroy());

describe('a person with a vault', () => {
  let running: ChildProcess;
  let vine: string;

  beforeAll(async () => {
    const made = await world.json<{ vault: string }>(['init']);
    expect(made.vault).toMatch(/^[a-z2-7]{26}$/);
    running = spawn(process.execPath, [main, 'run', '--json'], {
      env: world.environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(running.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    vine = (JSON.parse(line.toString()) as { vine: string }).vine;
  });
  afterAll(async () => {
    if (running.exitCode !== null) return;
    running.kill('SIGTERM');
    await once(running, 'exit');
  });

  it('cannot make it twice', async () => {
    expect((await world.run(['init'])).code).toBe(2);
  });

  it('cannot run it twice, and the first one goes on', async () => {
    const { code, err } = await world.run(['run']);
    expect(code).toBe(1);
    expect(err).toContain('in use');
    expect((await world.run(['owner', 'fields'])).code).toBe(0);
  });

  it('is not let in with another passphrase', async () => {
    const { code, err } = await world.run(['owner', 'pending'], {
      CAMBIUM_PIN: 'another passphrase',
    });
    expect(code).toBe(1);
    expect(err).toContain('passphrase');
  });

  it('stores fields and sees their names only', async () => {
    for (const [field, value] of [
      ['personal/full_name', 'Ada Lovelace'],
      ['personal/shipping_address', '12 St James Square'],
      ['personal/date_of_birth', '1815-12-10'],
    ] as const)
      expect((await world.run(['owner', 'set', field, value])).code).toBe(0);
    const { out } = await world.run(['owner', 'fields']);
    expect(out).toBe('personal/date_of_birth\npersonal/full_name\npersonal/shipping_address\n');
  });

  it('invites a service and accepts it', async () => {
    const file = join(world.folder, 'acme.invite');
    expect((await world.run(['owner', 'invite', 'Acme', '--out', file])).code).toBe(0);
    const connecting = world.run([
      'service',
      'connect',
      file,
      '--as',
      'acme',
      '--contract',
      contract,
    ]);
    const asked = await until(async () => {
      const { connections } = await world.json<{ connections: { connection: string }[] }>([
        'owner',
        'pending',
      ]);
      return connections[0];
    });
    expect((await world.run(['owner', 'pending'])).out).toContain('Acme Retail wants to connect');
    expect((await world.run(['owner', 'approve', asked.connection])).code).toBe(0);
    expect(await connecting).toMatchObject({ code: 0, out: 'connected as acme\n' });
    expect((await world.run(['owner', 'connections'])).out).toContain('active');
  });

  it('renews a credential, but not one that is new', async () => {
    const { code, err } = await world.run(['service', 'renew', '--as', 'acme']);
    expect(code).toBe(1);
    expect(err).toContain('no new credential');
  });

  it('answers a service, or refuses it with exit code 1', async () => {
    const served = await world.run([
      'service',
      'request',
      'data.request',
      '--field',
      'personal/shipping_address',
    ]);
    expect(served).toMatchObject({ code: 0 });
    expect(JSON.parse(served.out)).toMatchObject({
      fields: { 'personal/shipping_address': '12 St James Square' },
    });
    const refused = await world.run([
      'service',
      'request',
      'data.request',
      '--field',
      'medical/blood_type',
    ]);
    expect(refused).toMatchObject({ code: 1, out: 'refused: field_not_in_contract\n' });
  });

  it('pays without waiting, and a service reads the answer when it comes back', async () => {
    const payment = { order: 'A-1', amount: 4_999, currency: 'EUR', payee: 'Acme Retail' };
    const words = ['service', 'request', 'payment.request', JSON.stringify(payment), '--no-wait'];
    const { event } = await world.json<{ event: string }>(words);
    const late = await until(async () => {
      const { out } = await world.run(['service', 'answers', '--timeout', '1', '--json']);
      return out === '' ? undefined : out;
    });
    expect(JSON.parse(late)).toMatchObject({
      event,
      answer: { status: 'served', result: payment },
    });
    const again = await world.run(['service', 'answers', '--timeout', '1']);
    expect(again).toMatchObject({ code: 0, out: '', err: 'no answer has come since\n' });
  });

  it('is asked for a consent field, and approves or denies', async () => {
    for (const [word, code] of [
      ['approve', 0],
      ['deny', 1],
    ] as const) {
      const asking = world.run([
        'service',
        'request',
        'data.request',
        '--field',
        'personal/date_of_birth',
      ]);
      const { request } = await until(async () => {
        const { requests } = await world.json<{ requests: { request: string }[] }>([
          'owner',
          'pending',
        ]);
        return requests[0];
      });
      const id = request.split('/')[1] ?? '';
      expect((await world.run(['owner', word, id])).code).toBe(0);
      expect((await asking).code).toBe(code);
    }
    expect((await world.run(['owner', 'approve', 'nothing'])).code).toBe(1);
  });

  it('reads the trail of the running vault, in words and in SQL, and that is in it too', async () => {
    const { out } = await world.run(['audit']);
    expect(out).toContain('medical/blood_type');
    expect(out).not.toContain('St James');
    const sql = "SELECT count(*) AS n FROM entries WHERE reason = 'field_not_in_contract'";
    expect(await world.json(['audit', sql])).toEqual([{ n: 1 }]);
    const again = await world.json<{ type: string | null; connection: string | null }[]>(['audit']);
    expect(again.some(({ type }) => type === 'owner.audit')).toBe(true);
    const acme = again.find(({ type }) => type === 'data.request')?.connection ?? '';
    const only = await world.json<{ connection: string }[]>(['audit', '--connection', acme]);
    expect(new Set(only.map(({ connection }) => connection))).toEqual(new Set([acme]));
    expect((await world.run(['audit', '--connection', 'nobody'])).code).toBe(1);
    expect((await world.run(['audit', 'DROP TABLE entries'])).code).toBe(2);
    expect((await world.run(['audit', 'SELECT nonsense'])).code).toBe(2);
  });

  it('verifies, replays and explains beside the running vault', async () => {
    expect(await world.json(['verify'])).toMatchObject({ ok: true });
    expect((await world.run(['verify', '--open'])).code).toBe(0);
    expect((await world.run(['replay', '--check'])).code).toBe(0);
    const entries = await world.json<{ event: string; reason: string | null }[]>(['audit']);
    const refused = entries.find(({ reason }) => reason === 'field_not_in_contract');
    const { code, out } = await world.run(['explain', refused?.event ?? '']);
    expect(code).toBe(0);
    expect(out).toContain('field_not_in_contract');
    expect(out).toContain('Deciding again gives the same decision');
    expect((await world.run(['explain', 'nothing'])).code).toBe(1);
    const judged = await world.run(['what-if', '--contract', contract]);
    expect(judged.code).toBe(0);
    expect(judged.out).toContain('0 would be others');
  });

  it('says with doctor what is there', async () => {
    const { code, out } = await world.run(['doctor']);
    expect(code).toBe(0);
    expect(out).toContain('nats-server');
    expect(out).toContain('running');
  });

  it('closes it in good order, its servers too, and reads on without it', async () => {
    running.kill('SIGTERM');
    const [code] = (await once(running, 'exit')) as [number];
    expect(code).toBe(0);
    await expect(fetch(vine.replace('nats:', 'http:'))).rejects.toThrow();
    expect(await world.json(['verify'])).toMatchObject({ ok: true });
    expect((await world.run(['audit'])).out).toContain('The vault was closed');
  });

  it('says that no vault runs, to a service that waited a moment for one', async () => {
    const { code, err } = await world.run(['service', 'request', 'data.request']);
    expect(code).toBe(1);
    expect(err).toMatch(/start one with: .*cambium run/);
  });

  it('may call several commands at once: each waits for the others', async () => {
    const commands = [['verify'], ['owner', 'fields'], ['replay'], ['audit']];
    const results = await Promise.all(commands.map((command) => world.run(command)));
    expect(results.map(({ code, err }) => (code === 0 ? 'fine' : err))).toEqual(
      commands.map(() => 'fine'),
    );
  });

  it('may ask a vault that has just been told to run', async () => {
    const starting = spawn(process.execPath, [main, 'run'], {
      env: world.environment(),
      stdio: 'ignore',
    });
    const words = ['service', 'request', 'data.request', '--field', 'personal/shipping_address'];
    const [service, owner] = await Promise.all([
      world.run(words),
      world.run(['owner', 'set', 'personal/shipping_address', '12 St James Square']),
    ]);
    expect(owner).toMatchObject({ code: 0 });
    expect(service).toMatchObject({ code: 0 });
    starting.kill('SIGTERM');
    expect(await once(starting, 'exit')).toEqual([0, null]);
  });

  it('gives one digest, however often it is replayed', async () => {
    const first = await world.json(['replay', '--at', '10']);
    const second = await world.json(['replay', '--at', '10']);
    expect(first).toEqual(second);
    expect(JSON.stringify(first)).toContain('digest');
  });

  it('can still change things: the vault is opened for the command', async () => {
    expect((await world.run(['owner', 'set', 'personal/phone_number', '-'])).code).toBe(0);
    expect((await world.run(['owner', 'fields'])).out).toContain('personal/phone_number');
  });

  it('is told of a damaged ledger with exit code 1', async () => {
    const copy = join(world.folder, 'copy');
    await cp(world.data, copy, { recursive: true });
    const files = await readdir(join(copy, 'ledger'), { recursive: true });
    const block = files.find((name) => name.includes('LEDGER_') && name.endsWith('.blk')) ?? '';
    const bytes = await readFile(join(copy, 'ledger', block));
    const at = Math.floor(bytes.length / 3);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    await writeFile(join(copy, 'ledger', block), bytes);
    const { code, out } = await world.run(['verify', '--data', copy, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, index: expect.any(Number) });
    expect((await world.run(['run', '--data', copy])).code).toBe(1);
  });
});
