import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectVine } from '../core/bus/vine/connect-vine.ts';
import { openService, type Service } from '../service/service.ts';
import { folderStore, memoryStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import type { Contract } from '../wire/contract.ts';
import { encodeInvite } from '../wire/invite.ts';
import { fromService, partyInbox } from '../wire/subjects.ts';
import { retailer } from './harness.ts';
import { ofKind, readLedger } from './ledger-view.ts';
import {
  accept,
  address,
  connected,
  type Home,
  invited,
  leave,
  lives,
  neighbours,
  traffic,
  until,
} from './neighbours.ts';

const severedWithinMs = 2_000;

describe('a service with several vaults on one vine', () => {
  let homes: Home[];
  let contract: Contract;

  beforeAll(async () => {
    contract = { ...(await retailer()), limits: { requests_per_hour: 3_600, burst: 3_000 } };
    homes = await neighbours(3);
  }, 60_000);
  afterAll(() => leave(homes ?? []));

  const home = (at: number): Home => homes[at] as Home;

  async function everywhere(): Promise<{ service: Service; vaults: Vault[] }> {
    const service = await openService({ store: memoryStore() });
    const vaults: Vault[] = [];
    for (const one of homes) vaults.push(await connected(service, one, contract));
    return { service, vaults };
  }

  it('talks to all of them over one connection, as one party', async () => {
    const { service, vaults } = await everywhere();
    expect(service.connections).toBe(1);
    const answers = await Promise.all(
      vaults.map((vault) => vault.request('data.request', { fields: [address] })),
    );
    expect(answers.map((answer) => answer.status === 'served' && answer.result)).toEqual(
      [0, 1, 2].map((at) => ({ fields: { [address]: `${at} Vine Street` }, refused: [] })),
    );
    const ledgers = await Promise.all(homes.map(({ house }) => readLedger(house)));
    const parties = ledgers.map((records) => ofKind(records, 'connected').at(-1)?.body.party);
    expect(new Set(parties).size).toBe(1);
    const invites = ledgers.map((records) => ofKind(records, 'invited').at(-1)?.body.party);
    expect(invites).not.toContain(parties[0]);
    await service.close();
  });

  it('severed by one owner: nothing of it reaches that vault within 2 s, the others notice nothing', async () => {
    const store = memoryStore();
    const service = await openService({ store });
    const vaults: Vault[] = [];
    for (const one of homes) vaults.push(await connected(service, one, contract));
    const [severed, ...others] = vaults as [Vault, ...Vault[]];
    const kept = (await store.load()).connections.find(
      ({ invite }) => invite.connection === severed.connection,
    );
    if (kept?.accepted === undefined) throw new Error('not kept');
    const { party, credential } = kept.accepted;
    const thief = await connectVine(home(0).house.vine.url, credential, {
      name: 'thief',
      inboxPrefix: partyInbox(party),
    });
    const send = (type: string): Promise<string> =>
      thief.request(fromService(severed.id, party, type), 'x', { timeout: 500 }).then(
        () => 'taken',
        (error: Error) => error.message,
      );
    const arrived = async (): Promise<number> =>
      ofKind(await readLedger(home(0).house), 'received').filter(
        ({ body }) => body.connection === severed.connection,
      ).length;
    const going = traffic(others);
    await until(async () => going.served > 4);

    await home(0).owner.served('owner.sever', { connection: severed.connection });
    const from = Date.now();
    // Of a critical type the store takes nothing more; for the others nobody listens.
    const isShut = async (type: string) => /no responders/i.test(await send(type));
    await until(async () => (await isShut('payment.request')) && isShut('data.request'));
    expect(Date.now() - from).toBeLessThan(severedWithinMs);

    const before = await arrived();
    for (const type of ['data.request', 'payment.request', 'presence.ping'])
      thief.publish(fromService(severed.id, party, type), 'x');
    await thief.flush();
    const sent = going.served;
    await until(async () => going.served > sent + 10);
    expect(await arrived()).toBe(before);
    expect(await going.end()).toEqual([]);
    expect(service.connections).toBe(1);
    await thief.close();
    await service.close();
  });

  it("its invite's credential is dead once the new one is in use", async () => {
    const invite = await invited(home(1));
    const service = await openService({ store: memoryStore() });
    const result = await service.connect(encodeInvite(invite), contract, {
      onPending: () => accept(home(1), invite),
    });
    if (result.status !== 'connected') throw new Error('not connected');
    expect(await lives(home(1), invite.credential, invite.party)).toBe(true);
    await result.vault.request('data.request', { fields: [address] });
    await until(async () => !(await lives(home(1), invite.credential, invite.party)));
    await service.close();
  });

  it('has one connection in each vault: another with its account is refused there', async () => {
    const service = await openService({ store: memoryStore() });
    await connected(service, home(2), contract);
    const again = await service.connect(encodeInvite(await invited(home(2))), contract);
    expect(again).toEqual({ status: 'refused', code: 'duplicate' });
    const decided = ofKind(await readLedger(home(2).house), 'decided').findLast(
      ({ body }) => body.outcome === 'denied',
    );
    expect(decided?.body).toMatchObject({ reason: 'duplicate' });
    await service.close();
  });

  it('goes on with an invite that nobody has decided about yet, after a restart too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'service-'));
    const invite = await invited(home(0));
    const line = encodeInvite(invite);
    const first = await openService({ store: folderStore(folder) });
    const waiting = await first.connect(line, contract, { timeoutMs: 1_500 });
    expect(waiting).toEqual({ status: 'pending', connection: invite.connection });
    await first.close();
    accept(home(0), invite);
    const second = await openService({ store: folderStore(folder) });
    const result = await second.connect(line, contract, { timeoutMs: 15_000 });
    expect(result).toMatchObject({ status: 'connected' });
    await second.close();
    const third = await openService({ store: folderStore(folder) });
    const vault = third.vaults.get(invite.connection);
    const answer = await vault?.request('data.request', { fields: [address] });
    expect(answer).toMatchObject({ status: 'served' });
    await third.close();
    await rm(folder, { recursive: true });
  });

  it('declined, it is told so and keeps nothing; the invite is dead', async () => {
    const invite = await invited(home(0));
    const store = memoryStore();
    const service = await openService({ store });
    const result = await service.connect(encodeInvite(invite), contract, {
      onPending: () =>
        void home(0).owner.served('owner.decline', { connection: invite.connection }),
    });
    expect(result).toEqual({ status: 'refused', code: 'refused' });
    expect((await store.load()).connections).toEqual([]);
    await until(async () => !(await lives(home(0), invite.credential, invite.party)));
    await service.close();
  });

  it('is told what is no invite, and that one was used under other terms', async () => {
    const service = await openService({ store: memoryStore() });
    for (const line of ['', 'cambium-invite:', 'cambium-invite:e30', 'https://example.com/'])
      await expect(service.connect(line, contract)).rejects.toMatchObject({ code: 'BAD_INVITE' });
    const invite = encodeInvite(await invited(home(0)));
    await service.connect(invite, contract, { timeoutMs: 1_500 });
    const other = { ...contract, title: 'Other terms' };
    await expect(service.connect(invite, other)).rejects.toMatchObject({ code: 'BAD_INVITE' });
    await service.close();
  });
});
