import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Contract, contractHash } from '../../wire/contract.ts';
import { CliWorld, contract as contractFile, main, type Result, until } from '../cli-world.ts';

type Waiting = { readonly connection: string };
type Pending = { readonly connections: Waiting[]; readonly updates: Waiting[] };

const address = 'personal/shipping_address';
const asking = ['service', 'request', 'data.request', '--field', address];

describe('new terms, from the command line', () => {
  let world: CliWorld;
  let vault: ChildProcess;
  let first: Contract;
  let second: Contract;
  let connection: string;

  beforeAll(async () => {
    world = await CliWorld.create();
    first = JSON.parse(await readFile(contractFile, 'utf8')) as Contract;
    const limits = { requests_per_hour: 1, burst: 50 };
    second = { ...first, version: 2, previous: contractHash(first), limits };
    expect((await world.run(['init'])).code).toBe(0);
    vault = spawn(process.execPath, [main, 'run'], { env: world.environment(), stdio: 'ignore' });
    for (const [field, value] of [
      ['personal/full_name', 'Ada Lovelace'],
      [address, '12 Analytical Row'],
    ] as const)
      expect((await world.run(['owner', 'set', field, value])).code).toBe(0);
    await connect();
  });
  afterAll(async () => {
    const gone = new Promise((resolve) => vault?.once('exit', resolve));
    vault?.kill('SIGTERM');
    if (vault !== undefined) await gone;
    await world?.destroy();
  });

  const waiting = (of: keyof Pending): Promise<Waiting> =>
    until(async () => (await world.json<Pending>(['owner', 'pending']))[of][0]);

  async function connect(): Promise<void> {
    const invite = join(world.folder, 'acme.invite');
    expect((await world.run(['owner', 'invite', 'Acme', '--out', invite])).code).toBe(0);
    const done = world.run([
      'service',
      'connect',
      invite,
      '--as',
      'acme',
      '--contract',
      contractFile,
    ]);
    ({ connection } = await waiting('connections'));
    const { out } = await world.run(['owner', 'pending']);
    expect(out).toContain('given only when you say yes, each time');
    expect((await world.run(['owner', 'approve', connection])).code).toBe(0);
    expect(await done).toMatchObject({ code: 0 });
  }

  async function publish(contract: Contract, ...flags: string[]): Promise<Result> {
    const file = join(world.folder, `v${contract.version}.json`);
    await writeFile(file, JSON.stringify(contract));
    return world.run(['service', 'update-contract', file, ...flags]);
  }

  it('the owner reads them in words, with what they would have changed so far', async () => {
    expect((await world.run(asking)).code).toBe(0);
    expect((await world.run(asking)).code).toBe(0);
    const strict = { ...second, fields: first.fields.filter(({ name }) => name !== address) };
    expect(await publish(strict, '--no-wait')).toMatchObject({ code: 0 });
    expect(await world.run(asking)).toMatchObject({ code: 1, out: 'refused: contract_pending\n' });
    const { out } = await world.run(['owner', 'pending']);
    expect(out).toContain('Acme Retail has new terms: version 2');
    expect(out).toContain(`owner terms ${connection}`);
    const terms = await world.run(['owner', 'terms', connection]);
    expect(terms).toMatchObject({ code: 0 });
    expect(terms.out).toContain(`field ${address} is removed (they get less)`);
    expect(terms.out).toContain('requests an hour (they get less)');
    expect(terms.out).toContain('allowed → denied: 2, by the check fields');
    second = strict;
  });

  it('approved while the service does not listen, it asks under them as soon as it learns it', async () => {
    expect((await world.run(['owner', 'approve', connection])).code).toBe(0);
    const asked = await world.run(asking);
    expect(asked).toMatchObject({ code: 1, out: 'refused: field_not_in_contract\n' });
    expect(asked.err).toContain('version 2 is in force by now');
    expect((await world.run(['owner', 'connections'])).out).toContain('v2');
    const trail = await world.json<{ type: string | null; event: string | null }[]>(['audit']);
    const update = trail.find(({ type }) => type === 'contract.update')?.event ?? '';
    for (const flags of [[], ['--disclose']])
      expect(await world.run(['receipt', update, ...flags])).toMatchObject({ code: 0 });
    const told = await world.run(['explain', update]);
    expect(told.out).toContain('version 2 of the contract waits for the owner');
    expect(told.out).toContain('the owner accepted version 2');
  });

  it('what does not follow the version before is told before anything is sent', async () => {
    const stray = await publish({ ...second, version: 4 });
    expect(stray).toMatchObject({ code: 2 });
    expect(stray.err).toContain('does not come next after 2');
  });

  it('denied, the connection ends', async () => {
    const third = { ...second, version: 3, previous: contractHash(second) };
    const published = publish(third);
    await waiting('updates');
    expect((await world.run(['owner', 'deny', connection])).code).toBe(0);
    expect(await published).toMatchObject({ code: 1, out: 'refused: connection_severed\n' });
    expect((await world.run(['owner', 'connections'])).out).toContain('severed');
    const trail = await world.json<{ kind: string }[]>(['audit']);
    const kinds = trail.map(({ kind }) => kind);
    for (const kind of ['contract_offered', 'contract_accepted', 'contract_rejected'])
      expect(kinds).toContain(kind);
  });
});
