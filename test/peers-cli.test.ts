import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliWorld, main, until } from './cli-world.ts';

type Pending = {
  readonly connections: readonly { readonly connection: string }[];
  readonly requests: readonly { readonly request: string }[];
};

const name = 'personal/full_name';
const address = 'personal/home_address';

/** A vault that runs in a folder of its own. */
type Running = { readonly world: CliWorld; readonly vault: ChildProcess };

async function running(who: string): Promise<Running> {
  const world = await CliWorld.create();
  expect((await world.run(['init'])).code).toBe(0);
  const vault = spawn(process.execPath, [main, 'run'], {
    env: world.environment(),
    stdio: 'ignore',
  });
  for (const [field, value] of [
    [name, who],
    [address, `${who}'s house`],
  ] as const)
    expect((await world.run(['owner', 'set', field, value])).code).toBe(0);
  return { world, vault };
}

async function ended({ world, vault }: Running): Promise<void> {
  const gone = new Promise((resolve) => vault.once('exit', resolve));
  vault.kill('SIGTERM');
  await gone;
  await world.destroy();
}

describe('peers, from the command line', () => {
  let alice: Running;
  let bob: Running;

  beforeAll(async () => {
    alice = await running('Alice');
    bob = await running('Bob');
  });
  afterAll(async () => {
    await ended(alice);
    await ended(bob);
  });

  const pending = ({ world }: Running): Promise<Pending> => world.json(['owner', 'pending']);

  it('are made with a link, and are told what the other shares', async () => {
    const link = await alice.world.run(['owner', 'invite', 'Bob', '--peer']);
    expect(link.err).toContain('owner connect NAME LINK');
    const reached = await bob.world.run(['owner', 'connect', 'Alice', link.out.trim()]);
    expect(reached.out).toContain('Alice is asked');
    const [asking] = await until(async () => {
      const { connections } = await pending(alice);
      return connections.length === 0 ? undefined : connections;
    });
    const { out } = await alice.world.run(['owner', 'pending']);
    expect(out).toContain('the vault of Bob wants to be a peer of yours');
    expect(out).toContain('it gets nothing by this');
    const id = asking?.connection ?? '';
    expect((await alice.world.run(['owner', 'approve', id])).code).toBe(0);
    const share = ['owner', 'share', 'Bob', '--fields', name, '--consent', address];
    expect((await alice.world.run(share)).out.trim()).toBe(
      `shared with Bob: ${name}, ${address} (you are asked)`,
    );
    await until(async () => {
      const shares = await bob.world.run(['owner', 'ask', 'Alice']);
      return shares.out.includes(address) ? true : undefined;
    });
  });

  it('ask each other, and wait for the other owner', async () => {
    const at = ['owner', 'ask', 'Alice', 'data.request', '--field'];
    expect((await bob.world.run([...at, name])).out).toContain('Alice');
    const asking = bob.world.run([...at, address, '--wait', '60']);
    const [held] = await until(async () => {
      const { requests } = await pending(alice);
      return requests.length === 0 ? undefined : requests;
    });
    expect((await alice.world.run(['owner', 'approve', held?.request ?? ''])).code).toBe(0);
    expect((await asking).out).toContain("Alice's house");
    const refused = await bob.world.run([...at, 'personal/date_of_birth']);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain('field_not_in_contract');
  });

  it('stand in the trail of both, in words', async () => {
    const asked = await bob.world.run(['audit']);
    expect(asked.out).toContain('answered you: data.request');
    expect((await alice.world.run(['audit'])).out).toContain('You share with Bob');
  });
});
