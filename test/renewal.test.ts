import { setTimeout as sleep } from 'node:timers/promises';
import { connect, jwtAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadService } from '../cli/service-files.ts';
import { renewCredential, withFreshCredential } from '../cli/service-renewal.ts';
import { openService } from '../service/service.ts';
import type { ServiceConnection } from '../service/service-identity.ts';
import { memoryStore, type ServiceStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import { utf8 } from '../wire/bytes.ts';
import type { Contract } from '../wire/contract.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { ConnectionAccepted, Invite } from '../wire/messages.ts';
import { fromService, partyInbox } from '../wire/subjects.ts';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';

const name = 'personal/full_name';
/** A credential's life here; its end is in whole seconds. */
const lifeMs = 4_000;

describe('a credential that ends, and is renewed over the wire', () => {
  let house: TestHouse;
  let owner: Owner;
  let contract: Contract;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open({ credentialMs: lifeMs });
    owner = await house.owner();
    contract = { ...(await retailer()), limits: { requests_per_hour: 3_600, burst: 600 } };
    await owner.served('owner.set', { field: name, value: 'Ada Lovelace' });
  }, 60_000);
  afterAll(() => house?.destroy());

  const ask = (vault: Vault) => vault.request('data.request', { fields: [name] });

  async function opened(store: ServiceStore) {
    const service = await openService({ store });
    const invite = (await owner.served('owner.invite', { label: 'Acme' })) as Invite;
    const result = await service.connect(encodeInvite(invite), contract, {
      onPending: () =>
        void owner.served('owner.accept', { connection: invite.connection, optional: [] }),
    });
    if (result.status !== 'connected') throw new Error(JSON.stringify(result));
    return { service, vault: result.vault };
  }

  async function keptIn(store: ServiceStore): Promise<ConnectionAccepted> {
    const [connection] = (await store.load()).connections;
    if (connection?.accepted === undefined) throw new Error('nothing is kept');
    return connection.accepted;
  }

  it('a service that stays notices nothing of three of its ends', async () => {
    const store = memoryStore();
    const { service, vault } = await opened(store);
    const first = await keptIn(store);
    while (Date.now() < first.expires + 2 * lifeMs) {
      expect(await ask(vault)).toMatchObject({ status: 'served' });
      await sleep(200);
    }
    const records = await readLedger(house);
    const renewed = ofKind(records, 'credential_renewed').filter(
      ({ body }) => body.connection === vault.connection,
    );
    expect(renewed.length).toBeGreaterThanOrEqual(2);
    expect((await keptIn(store)).expires).toBe(renewed.at(-1)?.body.credentialExpires);
    const entries = trailOf(records).filter(({ connection }) => connection === vault.connection);
    expect(entries.filter(({ kind }) => kind === 'credential_renewed')).toHaveLength(
      renewed.length,
    );
    expect(entries.find(({ type }) => type === 'credential.renew')).toMatchObject({
      decision: 'approved',
    });
    await service.close();
  }, 40_000);

  it('a service that was away for longer comes back by itself', async () => {
    const store = memoryStore();
    const before = await opened(store);
    await before.service.close();
    const { expires } = await keptIn(store);
    await sleep(expires - Date.now() + 1_000);
    const service = await openService({ store });
    const vault = service.vaults.get(before.vault.connection) as Vault;
    expect(await ask(vault)).toMatchObject({ status: 'served' });
    expect((await keptIn(store)).expires).toBeGreaterThan(expires);
    await service.close();
  }, 40_000);

  it('the credential to come back with can ask for another, and for nothing else', async () => {
    const store = memoryStore();
    const { service, vault } = await opened(store);
    const { renewal, party } = await keptIn(store);
    await service.close();
    const nc = await connect({
      servers: house.vine.url,
      inboxPrefix: partyInbox(party),
      authenticator: jwtAuthenticator(renewal.jwt, utf8(renewal.seed)),
    });
    for (const type of ['data.request', 'connection.request', 'credential.renew.more'])
      await expect(
        nc.request(fromService(vault.id, party, type), 'x', { timeout: 500 }),
      ).rejects.toThrow(/Permissions Violation/);
    await nc.close();
  });

  it('at the command line it is renewed on demand, and by a request when it is time', async () => {
    const store = memoryStore();
    const { service } = await opened(store);
    await service.close();
    const [connection] = (await store.load()).connections as [ServiceConnection];
    const named = { name: 'acme', connection, servers: [house.vine.url] };
    const before = (await keptIn(store)).expires;
    const until = await renewCredential(house.data, named);
    expect(until).toBeGreaterThan(before);
    const { connection: kept } = await loadService(house.data, 'acme');
    expect(kept.accepted?.expires).toBe(until);
    const fresh = { ...named, connection: kept };
    expect(await withFreshCredential(house.data, fresh)).toBe(kept);
    await sleep(until - Date.now() + 500);
    const later = await withFreshCredential(house.data, fresh);
    expect(later.accepted?.expires).toBeGreaterThan(until);
  }, 40_000);

  it('a severed connection is given none', async () => {
    const store = memoryStore();
    const { service, vault } = await opened(store);
    await owner.served('owner.sever', { connection: vault.connection });
    const { expires } = await keptIn(store);
    await sleep(Math.max(0, expires - Date.now()));
    expect((await keptIn(store)).expires).toBe(expires);
    const renewed = ofKind(await readLedger(house), 'credential_renewed');
    expect(renewed.filter(({ body }) => body.connection === vault.connection)).toEqual([]);
    await service.close();
  }, 40_000);

  it('asked for again at once, it is refused: each costs the vault signatures and a record', async () => {
    await house.closeVault();
    await house.open({ credentialMs: 10 * 60_000 });
    const store = memoryStore();
    const { service, vault } = await opened(store);
    const again = await house.asService((await store.load()).connections[0] as ServiceConnection);
    const renew = { type: 'credential.renew', payload: {} };
    const answer = await again.client.ask(renew, { timeoutMs: 10_000 });
    expect(answer).toMatchObject({ status: 'refused', code: 'rate_limited' });
    const [entry] = trailOf(await readLedger(house)).filter(
      ({ connection, type }) => connection === vault.connection && type === 'credential.renew',
    );
    expect(entry).toMatchObject({ decision: 'denied', reason: 'rate_limited' });
    await service.close();
  });
});
