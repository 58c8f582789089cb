import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectOwnerApp, newDevice, type OwnerApp } from '../cli/owner-app.ts';
import type { DescribedDevice } from '../core/manager/devices.ts';
import type { VaultClient } from '../service/vault-client.ts';
import { fromBase64url, toBase64url, toHex } from '../wire/bytes.ts';
import type { Event } from '../wire/event.ts';
import { keyId } from '../wire/key-encapsulation.ts';
import type { Answer } from '../wire/messages.ts';
import type { DevicePaired } from '../wire/owner-results.ts';
import { Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, traceOf, trailOf } from './ledger-view.ts';

const birth = 'personal/date_of_birth';

type Device = { readonly app: OwnerApp; readonly owner: Owner; readonly key: string };

describe('an owner with several devices', () => {
  let house: TestHouse;
  let first: Owner;
  let service: Service;
  const clients: VaultClient[] = [];

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    first = await house.owner();
    await first.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await first.served('owner.set', { field: birth, value: '1815-12-10' });
    service = await house.connectService(first, await retailer());
  });
  afterAll(async () => {
    await Promise.allSettled(clients.map((client) => client.close()));
    await house?.destroy();
  });

  /** Pairs a device that makes its own keys. */
  async function pair(by: Owner, name: string): Promise<Device> {
    const { keys, ...seeds } = await newDevice();
    const { signing, encapsulation } = keys;
    const asked = {
      name,
      signing: toBase64url(signing),
      encapsulation: toBase64url(encapsulation),
    };
    const paired = (await by.served('owner.pair', asked)) as DevicePaired;
    const app = {
      ...seeds,
      vault: paired.vault,
      connection: paired.connection,
      credential: paired.credential,
      ledger: fromBase64url(paired.ledger),
      vaultSigning: fromBase64url(paired.signing),
      vaultEncapsulation: fromBase64url(paired.encapsulation),
    };
    const client = await connectOwnerApp(app, house.vine.url);
    clients.push(client);
    return { app, owner: new Owner(client), key: toHex(keyId(signing)) };
  }

  const devices = async (by = first): Promise<DescribedDevice[]> =>
    (await by.served('owner.devices')) as DescribedDevice[];
  const active = async (): Promise<string[]> =>
    (await devices()).filter(({ status }) => status === 'active').map(({ name }) => name);

  async function hold(): Promise<string> {
    const sealed = await service.seal('data.request', { fields: [birth] });
    const answer = await service.client.askSealed(sealed, {
      timeoutMs: 15_000,
      acceptPending: true,
    });
    expect(answer).toMatchObject({ status: 'pending' });
    return sealed.id;
  }
  async function word(by: Owner, type: string, id: string): Promise<Answer> {
    const { requests } = (await first.served('owner.pending')) as {
      requests: { request: string; hash: string }[];
    };
    const held = requests.find(({ request }) => request.endsWith(id));
    return by.ask(type, {
      request: held?.request ?? `${'a'.repeat(26)}/${id}`,
      hash: held?.hash ?? '0'.repeat(64),
    });
  }

  it('begins with one, which cannot remove itself', async () => {
    const [only] = await devices();
    expect(await devices()).toHaveLength(1);
    const answer = await first.ask('owner.unpair', { connection: only?.connection });
    expect(answer).toMatchObject({ status: 'refused', code: 'malformed' });
    expect(await active()).toEqual(['owner']);
  });

  it('each decides with its own key, and the trail says which one did', async () => {
    const phone = await pair(first, 'phone');
    expect(await active()).toEqual(expect.arrayContaining(['owner', 'phone']));
    const approved = await hold();
    expect(await word(phone.owner, 'owner.approve', approved)).toMatchObject({ status: 'served' });
    const denied = await hold();
    expect(await word(first, 'owner.deny', denied)).toMatchObject({ status: 'served' });
    const trace = await traceOf(house, service.connection.invite.connection, approved);
    expect(trace.consented).toMatchObject([{ device: phone.key }]);
    const trail = trailOf(await readLedger(house));
    const deciders = [approved, denied].map(
      (id) => trail.find(({ event }) => event === id)?.decided_by,
    );
    expect(deciders[0]).toBe(`owner:${phone.key}`);
    expect(deciders[1]).toMatch(/^owner:/);
    expect(deciders[1]).not.toBe(deciders[0]);
    await first.served('owner.unpair', { connection: phone.app.connection });
  });

  it('all are told what waits, and only the one that asked is answered', async () => {
    const phone = await pair(first, 'phone');
    const heard: Record<'first' | 'phone', Event[]> = { first: [], phone: [] };
    first.client.onEvent = (event) => heard.first.push(event);
    phone.owner.client.onEvent = (event) => heard.phone.push(event);
    const id = await hold();
    const isTold = (events: Event[]): boolean =>
      events.some(
        ({ type, payload }) => type === 'consent.requested' && JSON.stringify(payload).includes(id),
      );
    while (!isTold(heard.first) || !isTold(heard.phone))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await word(phone.owner, 'owner.deny', id)).toMatchObject({ status: 'served' });
    expect(heard.first.filter(({ type }) => type === 'event.answer')).toEqual([]);
    await first.served('owner.unpair', { connection: phone.app.connection });
  });

  it('one that is removed counts for nothing at once, also after a restart', async () => {
    const phone = await pair(first, 'phone');
    const id = await hold();
    await phone.owner.served('owner.devices');
    await first.served('owner.unpair', { connection: phone.app.connection });
    // What it has sealed already is refused: sent as it stands by a device that may still publish.
    const { requests } = (await first.served('owner.pending')) as {
      requests: { request: string; hash: string }[];
    };
    const held = requests.find(({ request }) => request.endsWith(id));
    const payload = { request: held?.request, hash: held?.hash };
    const sealed = await phone.owner.client.seal({ type: 'owner.approve', payload });
    await first.client.askSealed(sealed, { timeoutMs: 200 }).catch(() => undefined);
    const records = await ledgerWhen(house, (all) =>
      ofKind(all, 'received').some(({ body }) => body.id === sealed.id),
    );
    const entry = trailOf(records).find(({ event }) => event === sealed.id);
    expect(entry).toMatchObject({ decision: 'denied', reason: 'connection_severed' });
    expect((await traceOf(house, service.connection.invite.connection, id)).consented).toEqual([]);
    expect(await connects(phone.app)).toBe(false);
    await house.closeVault();
    expect(house.logged.filter((line) => /not (revoked|dropped|ended)/.test(line))).toEqual([]);
    await house.open();
    expect(await connects(phone.app)).toBe(false);
    expect(await active()).toEqual(['owner']);
    expect(await word(first, 'owner.deny', id)).toMatchObject({ status: 'served' });
  });

  it('a device may remove itself while another one is left, and the first one is no exception', async () => {
    const phone = await pair(first, 'phone');
    const own = (await devices(phone.owner)).find((device) => device.own);
    expect(own?.connection).toBe(phone.app.connection);
    await phone.owner.served('owner.unpair', { connection: phone.app.connection });
    expect(await active()).toEqual(['owner']);
    const again = await first.ask('owner.unpair', { connection: phone.app.connection });
    expect(again).toMatchObject({ code: 'connection_inactive' });
  });

  it('is refused keys that are none, keys that are taken, and a service as a device', async () => {
    const { keys } = await newDevice();
    const asked = {
      name: 'tablet',
      signing: toBase64url(keys.signing),
      encapsulation: toBase64url(keys.encapsulation),
    };
    const not = { ...asked, encapsulation: `${'A'.repeat(1621)}B` };
    expect(await first.ask('owner.pair', not)).toMatchObject({ code: 'malformed' });
    expect(await first.ask('owner.pair', { ...asked, name: 'a\u001b[2J' })).toMatchObject({
      code: 'schema_invalid',
    });
    const paired = (await first.served('owner.pair', asked)) as DevicePaired;
    expect(await first.ask('owner.pair', asked)).toMatchObject({ code: 'duplicate' });
    await first.served('owner.unpair', { connection: paired.connection });
    const { connection } = service.connection.invite;
    expect(await first.ask('owner.unpair', { connection })).toMatchObject({
      code: 'connection_unknown',
    });
  });

  /** Whether the messaging layer takes a device, within a while. */
  async function connects(app: OwnerApp): Promise<boolean> {
    for (let tries = 0; tries < 50; tries += 1) {
      try {
        const client = await connectOwnerApp(app, house.vine.url);
        await client.close();
        await new Promise((resolve) => setTimeout(resolve, 100));
      } catch {
        return false;
      }
    }
    return true;
  }
});
