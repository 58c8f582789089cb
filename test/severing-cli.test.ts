import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDir } from '../cli/data-dir.ts';
import { connectOwnerApp, loadOwnerApp } from '../cli/owner-app.ts';
import { loadService } from '../cli/service-files.ts';
import { connectVine } from '../core/bus/vine/connect-vine.ts';
import { fileSealer } from '../core/enclave/sealer.ts';
import type { TrailPage } from '../replay/trail-reader.ts';
import { openService, type Service } from '../service/service.ts';
import { memoryStore, type ServiceStore } from '../service/service-store.ts';
import type { Contract } from '../wire/contract.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { ConnectionAccepted } from '../wire/messages.ts';
import { fromService, partyInbox } from '../wire/subjects.ts';
import { CliWorld, cliPassphrase, contract, main } from './cli-world.ts';
import { Owner, retailer } from './harness.ts';
import { address, connected, invited, name, traffic, until } from './neighbours.ts';

const severedWithinMs = 2_000;

/** A vault that runs as a process of its own, its messaging layer, and its owner at their app. */
type Running = {
  readonly world: CliWorld;
  readonly process: ChildProcess;
  readonly vine: string;
  readonly owner: Owner;
};

async function running(): Promise<Running> {
  const world = await CliWorld.create();
  await world.json(['init']);
  const process = spawn(globalThis.process.execPath, [main, 'run', '--json'], {
    env: world.environment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const sealer = fileSealer(join(world.folder, 'sealer'));
  const app = await loadOwnerApp(dataDir(world.data), cliPassphrase, sealer);
  const [line] = (await once(process.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const { vine } = JSON.parse(line.toString()) as { vine: string };
  const owner = new Owner(await connectOwnerApp(app, vine));
  await owner.served('owner.set', { field: name, value: 'Ada Lovelace' });
  await owner.served('owner.set', { field: address, value: '12 St James Square' });
  return { world, process, vine, owner };
}

async function ended({ world, process, owner }: Running): Promise<void> {
  const gone = once(process, 'exit');
  await owner.client.close();
  process.kill('SIGTERM');
  await gone;
  await world.destroy();
}

/** Indices of all records that the trail shows of one connection. */
async function trailOf({ owner }: Running, connection: string): Promise<number[]> {
  const found: number[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const page = (await owner.served('owner.audit', { from, count: 1_000 })) as TrailPage;
    for (const entry of page.entries) if (entry.connection === connection) found.push(entry.record);
    from = page.next;
  }
  return found;
}

/** Publishes with a credential, and tells when the last message was taken by anybody. */
function knocking(url: string, vault: string, { party, credential }: ConnectionAccepted) {
  const state = { taken: 0, shut: 0, end };
  let going = true;
  async function knock(nc: NatsConnection, type: string): Promise<void> {
    while (going) {
      const reply = await nc
        .request(fromService(vault, party, type), 'x', { timeout: 300 })
        .catch((error: Error) => error);
      if (reply instanceof Error && /no responders/i.test(reply.message)) state.shut += 1;
      else state.taken = Date.now();
      await sleep(10);
    }
  }
  const ending = (async () => {
    const options = { name: 'knocking', inboxPrefix: partyInbox(party) };
    const nc = await connectVine(url, credential, options);
    const types = ['data.request', 'payment.request', 'presence.ping'];
    await Promise.all(types.map((type) => knock(nc, type)));
    await nc.close();
  })();
  async function end(): Promise<void> {
    going = false;
    await ending;
  }
  return state;
}

describe('an owner who severs with the command, while the vault runs as a process', () => {
  let homes: readonly Running[];
  let service: Service;
  let store: ServiceStore;
  let terms: Contract;

  beforeAll(async () => {
    homes = await Promise.all([running(), running()]);
    terms = { ...(await retailer()), limits: { requests_per_hour: 3_600, burst: 3_000 } };
    store = memoryStore();
    service = await openService({ store });
  });
  afterAll(async () => {
    await service?.close();
    await Promise.all((homes ?? []).map(ended));
  });

  const home = (at: number): Running => homes[at] as Running;

  it('shuts out a service with many vaults from this one within 2 s, and from no other', async () => {
    const severed = await connected(service, home(0), terms);
    const other = await connected(service, home(1), terms);
    const kept = (await store.load()).connections.find(
      ({ invite }) => invite.connection === severed.connection,
    );
    if (kept?.accepted === undefined) throw new Error('not kept');
    const door = knocking(home(0).vine, severed.id, kept.accepted);
    const going = traffic([other]);
    await until(async () => going.served > 4 && door.taken > 0);

    await home(0).world.json(['owner', 'sever', severed.connection]);
    const from = Date.now();
    await until(async () => door.shut > 60);
    expect(door.taken - from).toBeLessThan(severedWithinMs);
    const before = await trailOf(home(0), severed.connection);
    const [shut, served] = [door.shut, going.served];
    await until(async () => door.shut > shut + 60 && going.served > served + 20);
    expect(door.taken - from).toBeLessThan(severedWithinMs);
    await door.end();
    expect(await trailOf(home(0), severed.connection)).toEqual(before);
    expect(await going.end()).toEqual([]);
  });

  it('cuts off a credential that serves this vault only within 2 s', async () => {
    const { world, vine } = home(0);
    const invite = await invited(home(0));
    const words = ['--as', 'acme', '--contract', contract];
    const connecting = world.run(['service', 'connect', encodeInvite(invite), ...words]);
    await until(async () => {
      const answer = await home(0).owner.ask('owner.accept', {
        connection: invite.connection,
        optional: [],
      });
      return answer.status === 'served';
    });
    expect(await connecting).toMatchObject({ code: 0 });
    const { connection } = await loadService(dataDir(world.data), 'acme');
    const { accepted } = connection;
    if (accepted === undefined) throw new Error('not connected');
    const options = { name: 'acme', inboxPrefix: partyInbox(accepted.party), reconnect: false };
    const nc = await connectVine(vine, accepted.credential, options);
    const cut = nc.closed().then(() => Date.now());
    await world.json(['owner', 'sever', invite.connection]);
    const from = Date.now();
    expect((await cut) - from).toBeLessThan(severedWithinMs);
    await expect(connectVine(vine, accepted.credential, options)).rejects.toThrow(/authorization/i);
  });
});
