import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openService, type Service } from '../service/service.ts';
import { memoryStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import type { Invite } from '../wire/messages.ts';
import { retailer } from './harness.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';
import { address, connected, type Home, leave, neighbours, until } from './neighbours.ts';
import { type Door, doorTo } from './vine-door.ts';

describe('a vault that is reached elsewhere', () => {
  let home: Home;
  let doors: [Door, Door, Door];
  const services: Service[] = [];

  beforeAll(async () => {
    [home] = (await neighbours(1)) as [Home];
    const { url } = home.house.vine;
    doors = [await doorTo(url), await doorTo(url), await doorTo(url)];
    await home.owner.served('owner.servers', { servers: [doors[0].url] });
  });
  afterAll(async () => {
    for (const service of services) await service.close();
    for (const door of doors ?? []) await door.close();
    await leave(home === undefined ? [] : [home]);
  });

  const asks = (vault: Vault) => vault.request('data.request', { fields: [address] });
  const known = async () => ofKind(await readLedger(home.house), 'servers_known');

  async function opened(store = memoryStore()): Promise<Service> {
    const service = await openService({ store });
    services.push(service);
    return service;
  }

  it('names its new addresses in invites', async () => {
    const invite = (await home.owner.served('owner.invite', { label: 'New' })) as Invite;
    expect(invite.servers).toEqual([doors[0].url]);
    expect(await home.owner.served('owner.servers')).toEqual({ servers: [doors[0].url] });
  });

  it('tells who is connected: they keep the list, go there, and the old address may end', async () => {
    const store = memoryStore();
    const service = await opened(store);
    const vault = await connected(service, home, await retailer());
    expect(await asks(vault)).toMatchObject({ status: 'served' });
    // Its invite named them already: there is nothing to be told.
    expect(await known()).toHaveLength(0);
    await home.owner.served('owner.servers', { servers: [doors[1].url] });
    await until(async () => doors[1].open() === 1 && doors[0].open() === 0);
    await doors[0].close();
    expect(await asks(vault)).toMatchObject({ status: 'served', check: { ok: true } });
    expect(service.connections).toBe(1);
    expect((await store.load()).connections[0]?.servers).toEqual([doors[1].url]);
    await until(async () => (await known()).length === 1);
    const [first] = await known();
    const moves = ofKind(await readLedger(home.house), 'moved');
    expect(first?.body.moved).toBe(moves.at(-1)?.index);
    expect(moves.map((move) => move.body.servers)).toEqual([[doors[0].url], [doors[1].url]]);
  });

  it('tells whoever was away when they come back, and nobody twice who knows', async () => {
    const store = memoryStore();
    const first = await opened(store);
    await connected(first, home, await retailer());
    await first.close();
    await home.owner.served('owner.servers', { servers: [doors[2].url, doors[1].url] });
    await home.house.closeVault();
    await home.house.open();
    const again = await opened(store);
    const [vault] = [...again.vaults.values()] as [Vault];
    expect(await asks(vault)).toMatchObject({ status: 'served' });
    await until(async () => doors[2].open() > 0);
    expect((await store.load()).connections[0]?.servers).toEqual([doors[2].url, doors[1].url]);
    const told = async () =>
      ofKind(await readLedger(home.house), 'queued').filter(({ body }) =>
        body.subject.endsWith('connection.moved'),
      ).length;
    await until(async () => (await known()).length === 3);
    const before = await told();
    await again.close();
    const third = await opened(store);
    const [same] = [...third.vaults.values()] as [Vault];
    expect(await asks(same)).toMatchObject({ status: 'served' });
    expect(await told()).toBe(before);
  });

  it('is in the trail', async () => {
    const { entries: trail } = (await home.owner.served('owner.audit', {
      ...{ from: 0, count: 1000 },
    })) as { entries: { kind: string; detail: string | null }[] };
    const moves = trail.filter(({ kind }) => kind === 'moved').map(({ detail }) => detail);
    expect(moves).toContain(`${doors[2].url}, ${doors[1].url}`);
    expect(trail.some(({ kind }) => kind === 'servers_known')).toBe(true);
  });

  it('is reached at its own address again when the owner takes the word back', async () => {
    const { url } = home.house.vine;
    expect(await home.owner.served('owner.servers', { servers: [] })).toEqual({ servers: [url] });
    const invite = (await home.owner.served('owner.invite', { label: 'Own' })) as Invite;
    expect(invite.servers).toEqual([url]);
    for (const service of services) await service.close();
    await home.house.closeVault();
    await home.house.open();
    expect(await home.owner.served('owner.servers')).toEqual({ servers: [url] });
    await home.owner.served('owner.servers', { servers: [] });
    const moves = trailOf(await readLedger(home.house)).filter(({ kind }) => kind === 'moved');
    expect(moves.map(({ detail }) => detail).slice(3)).toEqual(["the vine's own address"]);
  });

  it.each([
    ['one with white space', ['nats://one two:4222']],
    ['one without a port', ['nats://host']],
    ['another kind', ['https://host:1']],
    ['too many', Array.from({ length: 17 }, (_, n) => `host:${n}`)],
  ])('takes no list of addresses with %s', async (_, servers) => {
    expect(await home.owner.ask('owner.servers', { servers })).toMatchObject({
      ...{ status: 'refused', code: 'schema_invalid' },
    });
  });
});
