import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDir } from '../cli/data-dir.ts';
import { loadService } from '../cli/service-files.ts';
import { connectVine } from '../core/bus/vine/connect-vine.ts';
import { openService, type Service } from '../service/service.ts';
import { memoryStore, type ServiceStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import type { ConnectionAccepted } from '../wire/messages.ts';
import { fromService, partyInbox } from '../wire/subjects.ts';
import { CliWorld, contract, main } from './cli-world.ts';
import { retailer } from './harness.ts';
import { address, traffic, until } from './neighbours.ts';

const severedWithinMs = 2_000;

/** A vault that runs as a process of its own, and its messaging layer. */
type Running = { readonly world: CliWorld; readonly process: ChildProcess; readonly vine: string };

async function running(): Promise<Running> {
  const world = await CliWorld.create();
  await world.json(['init']);
  const process = spawn(globalThis.process.execPath, [main, 'run', '--json'], {
    env: world.environment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(process.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const { vine } = JSON.parse(line.toString()) as { vine: string };
  for (const [field, value] of [
    ['personal/full_name', 'Ada Lovelace'],
    [address, '12 St James Square'],
  ] as const)
    await world.json(['owner', 'set', field, value]);
  return { world, process, vine };
}

async function ended({ world, process }: Running): Promise<void> {
  const gone = once(process, 'exit');
  process.kill('SIGTERM');
  await gone;
  await world.destroy();
}

describe('an owner who severs with the command, while the vault runs as a process', () => {
  let homes: readonly Running[];
  let service: Service;
  let store: ServiceStore;

  beforeAll(async () => {
    homes = await Promise.all([running(), running()]);
    store = memoryStore();
    service = await openService({ store });
  });
  afterAll(async () => {
    await service?.close();
    await Promise.all((homes ?? []).map(ended));
  });

  const home = (at: number): Running => homes[at] as Running;

  /** An invite by the command, and the owner's yes to it as soon as it is asked for. */
  async function invited({ world }: Running): Promise<{ invite: string; accept: () => void }> {
    const { out } = await world.run(['owner', 'invite', 'Acme']);
    const invite = out.trim();
    const accept = async (): Promise<void> => {
      const { connections } = await world.json<{ connections: { connection: string }[] }>([
        'owner',
        'pending',
      ]);
      await world.json(['owner', 'approve', connections[0]?.connection ?? '']);
    };
    return { invite, accept: () => void accept() };
  }

  async function connected(at: Running): Promise<Vault> {
    const { invite, accept } = await invited(at);
    const terms = { ...(await retailer()), limits: { requests_per_hour: 3_600, burst: 3_000 } };
    const result = await service.connect(invite, terms, { onPending: accept });
    if (result.status !== 'connected') throw new Error(JSON.stringify(result));
    return result.vault;
  }

  /** Indices of all records that the trail shows of one connection. */
  async function trailOf({ world }: Running, connection: string): Promise<number[]> {
    const rows = await world.json<{ record: number }[]>(['audit', '--connection', connection]);
    return rows.map(({ record }) => record);
  }

  /** Publishes with a credential, as fast as it is answered, and tells when the last message was taken. */
  function knocking(url: string, to: string, accepted: ConnectionAccepted) {
    let going = true;
    const state = { taken: 0, shut: 0 };
    const ending = (async () => {
      const { party, credential } = accepted;
      const options = { name: 'knocking', inboxPrefix: partyInbox(party) };
      const nc = await connectVine(url, credential, options);
      const tried = ['data.request', 'payment.request', 'presence.ping'].map(async (type) => {
        while (going) {
          const reply = await nc
            .request(fromService(to, party, type), 'x', { timeout: 300 })
            .catch((error: Error) => error);
          if (!(reply instanceof Error && /no responders/i.test(reply.message)))
            state.taken = Date.now();
          else state.shut += 1;
          await sleep(10);
        }
      });
      await Promise.all(tried);
      await nc.close();
    })();
    const end = async (): Promise<void> => {
      going = false;
      await ending;
    };
    return { state, end };
  }

  it('shuts out a service with many vaults from this one within 2 s, and from no other', async () => {
    const [severed, other] = [await connected(home(0)), await connected(home(1))];
    const { connections } = await store.load();
    const accepted = connections.find(
      ({ invite }) => invite.connection === severed.connection,
    )?.accepted;
    if (accepted === undefined) throw new Error('not kept');
    const door = knocking(home(0).vine, severed.id, accepted);
    const going = traffic([other]);
    await until(async () => going.served > 4 && door.state.taken > 0);

    await home(0).world.json(['owner', 'sever', severed.connection]);
    const from = Date.now();
    const servedThen = going.served;
    await until(async () => Date.now() - from > severedWithinMs && door.state.shut > 20);
    expect(door.state.taken - from).toBeLessThan(severedWithinMs);

    const before = await trailOf(home(0), severed.connection);
    const shutThen = door.state.shut;
    await until(async () => door.state.shut > shutThen + 20 && going.served > servedThen + 20);
    expect(await trailOf(home(0), severed.connection)).toEqual(before);
    await door.end();
    expect(await going.end()).toEqual([]);
  });

  it('cuts off a credential that serves this vault only within 2 s', async () => {
    const { world, vine } = home(0);
    const { invite, accept } = await invited(home(0));
    const connecting = world.run([
      'service',
      'connect',
      invite,
      '--as',
      'acme',
      '--contract',
      contract,
    ]);
    await until(async () => (await world.run(['owner', 'pending'])).out.includes('Acme'));
    accept();
    expect(await connecting).toMatchObject({ code: 0 });
    const { connection } = await loadService(dataDir(world.data), 'acme');
    const { accepted } = connection;
    if (accepted === undefined) throw new Error('not connected');
    const options = { name: 'acme', inboxPrefix: partyInbox(accepted.party), reconnect: false };
    const nc = await connectVine(vine, accepted.credential, options);
    const cut = nc.closed().then(() => Date.now());
    await world.json(['owner', 'sever', connection.invite.connection]);
    const from = Date.now();
    expect((await cut) - from).toBeLessThan(severedWithinMs);
    await expect(connectVine(vine, accepted.credential, options)).rejects.toThrow(/authorization/i);
    const refused = await world.run(['service', 'request', 'data.request', '--field', address]);
    expect(refused.code).toBe(1);
  });
});
