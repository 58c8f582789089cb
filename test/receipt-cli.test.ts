import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../wire/bytes.ts';
import { CliWorld, contract, main, type Result, until } from './cli-world.ts';
import { firstKey, fixtureLedger } from './compat/receipt-ledger.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`compat/receipts/${name}.json`, import.meta.url));
const key = toHex(firstKey(fixtureLedger()));

describe('somebody with a receipt and nothing else', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cambium-receipt-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** In an empty folder, with an empty environment: no vault, no server, no home. */
  function verify(...args: string[]): Promise<Result> {
    return new Promise((resolve) => {
      const command = [main, 'receipt', 'verify', ...args];
      execFile(process.execPath, command, { cwd: folder, env: {} }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  }

  it('is told what it proves, and what it does not', async () => {
    const { code, out } = await verify(fixture('disclosed'), '--key', key);
    expect(code).toBe(0);
    expect(out).toContain('good: data.request: served');
    expect(out).toContain('is the one of your key');
    expect(out).toMatch(/It does not prove:\n {2}- That nothing followed/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is told that nobody vouches for the ledger where no key is given', async () => {
    const { code, out } = await verify(fixture('plain'));
    expect(code).toBe(0);
    expect(out).toMatch(/It does not prove:\n {2}- Whose ledger/);
    expect(out).toContain('they are closed');
  });

  it('gets all of it as JSON', async () => {
    const { code, out } = await verify(fixture('connection'), '--key', key, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      summary: { about: 'connection', first: { scope_index: 0 } },
      ledger: { known: true },
      proves: expect.arrayContaining([expect.stringContaining('none is left out')]),
      does_not_prove: expect.any(Array),
    });
  });

  it('follows the keys of a ledger from the first one, and takes any form of it', async () => {
    const { ledger } = JSON.parse(await readFile(fixture('rotated'), 'utf8')) as {
      ledger: { key: string };
    };
    const base64url = Buffer.from(key, 'hex').toString('base64url');
    for (const form of [key, ledger.key, base64url]) {
      const { code, out } = await verify(fixture('rotated'), '--key', form);
      expect([code, out.includes('1 signed change')]).toEqual([0, true]);
    }
  });

  it('is told no with exit code 1: another key, something altered, no receipt', async () => {
    const other = await verify(fixture('plain'), '--key', '11'.repeat(32));
    expect(other).toMatchObject({ code: 1, out: expect.stringContaining('KEY_NOT_FOLLOWED') });
    const altered = join(folder, 'altered.json');
    const text = await readFile(fixture('plain'), 'utf8');
    await writeFile(altered, text.replace('"outcome": "served"', '"outcome": "pending"'));
    const { code, out } = await verify(altered, '--key', key, '--json');
    expect([code, JSON.parse(out)]).toMatchObject([1, { ok: false, code: 'SUMMARY_MISMATCH' }]);
    await writeFile(altered, 'receipt');
    expect((await verify(altered)).code).toBe(1);
  });

  it('is told with exit code 2 what was asked wrongly', async () => {
    for (const args of [
      [],
      [join(folder, 'nothing.json')],
      [folder],
      [fixture('plain'), '--key', 'mine'],
      [fixture('plain'), '--witness', 'somebody'],
      [fixture('plain'), '--statement', fixture('ledger')],
    ])
      expect((await verify(...args)).code, args.join(' ')).toBe(2);
  });
});

describe('an owner and a service', () => {
  let world: CliWorld;
  let running: ChildProcess;
  let connection: string;

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
    const connect = ['service', 'connect', invite, '--as', 'acme', '--contract', contract];
    const connecting = world.run(connect);
    const asked = await until(async () => {
      const { connections } = await world.json<{ connections: { connection: string }[] }>([
        'owner',
        'pending',
      ]);
      return connections[0];
    });
    connection = asked.connection;
    await world.run(['owner', 'approve', connection]);
    expect((await connecting).err).toContain('signed by the vault (served)');
  });
  afterAll(async () => {
    await stop();
    await world.destroy();
  });

  async function stop(): Promise<void> {
    if (running.exitCode !== null) return;
    running.kill('SIGTERM');
    await once(running, 'exit');
  }

  /** Asks for a field; gives the event's id, and the file in which the statement is kept. */
  async function ask(field: string): Promise<{ id: string; statement: string }> {
    const { err } = await world.run(['service', 'request', 'data.request', '--field', field]);
    const [, statement = ''] = /^signed by the vault \(\w+\): (.+)$/m.exec(err) ?? [];
    const [, id = ''] = /^event (\S+)$/m.exec(err) ?? [];
    expect(statement).toBe(join(world.data, 'services', 'acme', 'statements', `${id}.json`));
    return { id, statement };
  }

  it('keep statements and receipts that fit each other, beside the running vault', async () => {
    const served = await ask('personal/shipping_address');
    const refused = await ask('medical/blood_type');
    const file = join(world.folder, 'receipt.json');
    const made = await world.run(['receipt', served.id, '--out', file]);
    expect(made).toMatchObject({ code: 0, out: `${file}\n` });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const [, vkey = ''] = /nothing but this key: (\S+)/.exec(made.err) ?? [];
    const check = ['receipt', 'verify', file, '--key', vkey, '--statement'];
    const good = await world.run([...check, served.statement]);
    expect(good).toMatchObject({
      code: 0,
      out: expect.stringContaining('Your statement (served)'),
    });
    const other = await world.run([...check, refused.statement]);
    expect(other).toMatchObject({ code: 1, out: expect.stringContaining('STATEMENT_UNRELATED') });
  });

  it('prints a receipt on standard output, open where it is disclosed', async () => {
    const { id } = await ask('medical/blood_type');
    const { code, out, err } = await world.run(['receipt', id, '--disclose']);
    expect(code).toBe(0);
    expect(err).toContain('it opens 2 of its 2 records');
    expect(JSON.parse(out)).toMatchObject({
      type: 'cambium-receipt',
      summary: {
        outcome: 'refused',
        reason: 'field_not_in_contract',
        asked: ['medical/blood_type'],
      },
    });
  });

  it('get all that was between them, of a vault that is closed', async () => {
    await stop();
    const file = join(world.folder, 'all.json');
    const made = ['receipt', '--connection', connection, '--from', '2026-01-01', '--out', file];
    expect((await world.run(made)).code).toBe(0);
    const verdict = await world.json<{ summary: { count: number } }>(['receipt', 'verify', file]);
    expect(verdict.summary.count).toBeGreaterThan(8);
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain('St James');
  });

  it('are told with exit codes what cannot be', async () => {
    for (const [args, code] of [
      [['nothing'], 1],
      [['100000'], 1],
      [['--connection', 'nobody'], 1],
      [['--connection', connection, '--from', '100000'], 1],
      [[], 2],
      [['1', '--connection', connection], 2],
      [['1', '--from', '0'], 2],
      [['--connection', connection, '--from', 'yesterday'], 2],
    ] as const)
      expect((await world.run(['receipt', ...args])).code, args.join(' ')).toBe(code);
    expect((await world.run(['receipt', '0', '--disclose'])).code).toBe(0);
  });
});
