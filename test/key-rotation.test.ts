import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeySeries } from '../core/keys/key-series.ts';
import { addressOf, newServiceKeys, openServiceKeys } from '../service/service-identity.ts';
import type { PeerIdentity } from '../service/session.ts';
import { VaultClient } from '../service/vault-client.ts';
import { keptVaultKeys } from '../service/vault-keys.ts';
import { equalBytes } from '../wire/bytes.ts';
import type { Contract } from '../wire/contract.ts';
import type { Event } from '../wire/event.ts';
import type { Invite } from '../wire/messages.ts';
import { signRekey } from '../wire/rekey.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { toldFault } from './in-form.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';

const field = 'personal/shipping_address';
const asked = { fields: [field] };
const purposes = ['signing', 'encapsulation', 'ledger'] as const;

/** What a service keeps when it is told of other keys. */
function keeping({ client }: Pick<Service, 'client'>): { identity: PeerIdentity | undefined } {
  const kept: { identity: PeerIdentity | undefined } = { identity: undefined };
  client.onIdentity = async (identity) => {
    kept.identity = identity;
  };
  return kept;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come about');
    await sleep(20);
  }
}

describe('a key of the vault is replaced', () => {
  let house: TestHouse;
  let owner: Owner;
  let contract: Contract;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    contract = await retailer();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field, value: '12 St James Square' });
    service = await house.connectService(owner, contract);
  });
  afterAll(() => house?.destroy());

  const knownBy = async (connection: string): Promise<number> =>
    ofKind(await readLedger(house), 'keys_known')
      .filter(({ body }) => body.connection === connection)
      .reduce((most, { body }) => Math.max(most, body.handovers), 0);

  it.each(purposes)(
    'the %s key: who is connected is told, follows, says so, and goes on with good statements',
    async (purpose) => {
      const kept = keeping(service);
      const { connection } = service.connection.invite;
      const before = await knownBy(connection);
      await owner.served('owner.rotate', { purpose });
      await until(async () => (await knownBy(connection)) > before);
      expect(kept.identity).toBeDefined();
      const answer = await service.request('data.request', asked);
      expect(answer).toMatchObject({ status: 'served', check: { ok: true } });
      const [rotated] = ofKind(await readLedger(house), 'rotated').filter(
        ({ body }) => body.purpose === purpose,
      );
      expect(rotated?.body).toMatchObject({ handover: { purpose } });
    },
  );

  it('the owner’s app is told as well', async () => {
    const { handovers } = (await owner.served('owner.keys', {
      ...{ signing: 'A'.repeat(22), encapsulation: 'A'.repeat(22), ledger: 'A'.repeat(22) },
    })) as { handovers: unknown[] };
    expect(handovers.length).toBeLessThanOrEqual(3);
    await owner.client.learnKeys();
    const all = ofKind(await readLedger(house), 'keys_known');
    const owners = all.filter(
      ({ body }) => body.connection !== service.connection.invite.connection,
    );
    expect(owners.at(-1)?.body.handovers).toBe(3);
    expect(await owner.served('owner.fields')).toContain(field);
  });

  it('a service that was away, and knows only its invite, comes with the old keys and learns the new ones', async () => {
    const away = await house.connectService(owner, contract);
    await away.client.close();
    for (const purpose of purposes) await owner.served('owner.rotate', { purpose });
    await house.closeVault();
    await house.open();
    owner = await house.owner();
    const back = await house.asService(away.connection);
    const kept = keeping(back);
    expect(await back.request('data.request', asked)).toMatchObject({ check: { ok: true } });
    await back.client.close();
    expect(await knownBy(away.connection.invite.connection)).toBe(6);
    const vaultKeys = keptVaultKeys(kept.identity as PeerIdentity);
    expect(vaultKeys.signing).not.toBe(away.connection.invite.signing);
    // With what it has kept, the old keys are of no use to it any more.
    const later = await house.asService({ ...away.connection, vaultKeys });
    expect(await later.request('data.request', asked)).toMatchObject({ check: { ok: true } });
  });

  it('an invite that was made under the old keys is as good as before', async () => {
    const invite = (await owner.served('owner.invite', { label: 'Acme' })) as Invite;
    for (const purpose of purposes) await owner.served('owner.rotate', { purpose });
    const knocking = await house.knock(invite, contract);
    await owner.served('owner.accept', { connection: invite.connection, optional: [] });
    const accepted = await knocking.accepted;
    const late = await house.asService({ ...knocking.connection, accepted });
    expect(await late.request('data.request', asked)).toMatchObject({ check: { ok: true } });
    await until(async () => (await knownBy(invite.connection)) === 9);
  });

  it('is in the trail, with everything that followed', async () => {
    const trail = trailOf(await readLedger(house));
    const rotated = trail.filter(({ kind }) => kind === 'rotated').map(({ detail }) => detail);
    expect(rotated).toEqual(expect.arrayContaining([...purposes]));
    expect(trail.some(({ kind }) => kind === 'keys_known')).toBe(true);
  });

  it.each([
    ['before it is recorded', 'keep'],
    ['before anybody is told', 'told'],
  ] as const)('is completed at the next opening when it was cut short %s', async (_, step) => {
    const { connection } = service.connection.invite;
    const handovers = async (): Promise<number> =>
      ofKind(await readLedger(house), 'rotated').filter(({ body }) => 'handover' in body).length;
    const isTold = async (): Promise<boolean> =>
      (await knownBy(connection)) === (await handovers());
    await until(isTold);
    const before = await handovers();
    const original = KeySeries.prototype.keep as (seed: Uint8Array) => Promise<unknown>;
    if (step === 'keep')
      KeySeries.prototype.keep = async function cut(this: unknown, seed: Uint8Array) {
        await original.call(this, seed);
        throw new Error('the machine stops here');
      } as never;
    const command = { type: 'owner.rotate', payload: { purpose: 'encapsulation' } };
    const rotating = owner.client.ask(command, { timeoutMs: 1_500 }).catch(() => undefined);
    if (step === 'told') await until(async () => (await handovers()) > before);
    else await rotating;
    await house.vault?.abandon();
    KeySeries.prototype.keep = original as never;
    await rotating;
    await house.open();
    owner = await house.owner();
    expect(await service.request('data.request', asked)).toMatchObject({ check: { ok: true } });
    await owner.served('owner.rotate', { purpose: 'signing' });
    await until(isTold);
    expect(await handovers()).toBe(before + (step === 'told' ? 2 : 1));
    expect(await service.request('data.request', asked)).toMatchObject({ check: { ok: true } });
  });
});

describe('a service replaces its own keys', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field, value: '12 St James Square' });
    service = await house.connectService(owner, await retailer());
  });
  afterAll(() => house?.destroy());

  it('by an event that the old key and the new one have signed; its contract stays, the old key is of no use', async () => {
    const { connection, client } = service;
    const next = newServiceKeys();
    const kept = keeping(service);
    const stale = await house.asService(connection);
    const late = await stale.seal('data.request', asked);
    expect(await client.rekey(await openServiceKeys(next), 15_000)).toMatchObject({
      status: 'served',
      check: { ok: true },
    });
    expect(await service.request('data.request', asked)).toMatchObject({ check: { ok: true } });
    const own = await openServiceKeys(next);
    expect(
      equalBytes(
        kept.identity?.signer.publicKey ?? own.encapsulation.publicKey,
        own.signer.publicKey,
      ),
    ).toBe(true);
    const [rekeyed] = ofKind(await readLedger(house), 'rekeyed');
    expect(rekeyed?.body.keys.signing).toEqual(own.signer.publicKey);
    // An event of before, signed with the old key, comes too late.
    await expect(stale.client.askSealed(late, { timeoutMs: 1_000 })).rejects.toThrow('no answer');
    const refused = trailOf(await readLedger(house)).find(({ event }) => event === late.id);
    expect(refused).toMatchObject({ decision: 'denied', reason: 'signature_invalid' });
    service = await house.asService({ ...connection, keys: next });
    expect(await service.request('data.request', asked)).toMatchObject({ check: { ok: true } });
  });

  it('once: the same event again gets the same answer, and no other decision', async () => {
    const { connection } = service;
    const next = newServiceKeys();
    const { identity, ...address } = await addressOf({ ...connection, next }, [house.vine.url]);
    const client = await VaultClient.connect({ ...address, identity });
    const events: Event[] = [];
    client.onEvent = (event) => void events.push(event);
    const own = await openServiceKeys(next);
    const { vault, connection: id, signer } = identity;
    const place = { vault, connection: id, before: signer.publicKey };
    const payload = signRekey(place, own.signer, own.encapsulation.publicKey);
    const sealed = await client.seal({ type: 'connection.rekey', payload });
    const ask = () => client.askSealed(sealed, { critical: true, timeoutMs: 15_000 });
    const first = await ask();
    expect(first.status).toBe('served');
    expect(await ask()).toEqual(first);
    expect(ofKind(await readLedger(house), 'rekeyed')).toHaveLength(2);
    await client.close();
    service = await house.asService({ ...connection, keys: next });
    expect(await service.request('data.request', asked)).toMatchObject({ check: { ok: true } });
  });

  it.each([
    ['the next key has not signed', { proof: 'A'.repeat(86) }, 'signature_invalid'],
    ['the next keys are none', { encapsulation: '_'.repeat(1622) }, 'malformed'],
    ['a member is missing', { proof: undefined }, 'schema_invalid'],
  ])('is refused where %s', async (_, change, code) => {
    const { vault, connection, signer } = (await addressOf(service.connection)).identity;
    const own = await openServiceKeys(newServiceKeys());
    const place = { vault, connection, before: signer.publicKey };
    const payload = { ...signRekey(place, own.signer, own.encapsulation.publicKey), ...change };
    const answer = await service.request('connection.rekey', payload, { critical: true });
    expect(answer).toMatchObject({ status: 'refused', code });
    expect(await service.request('data.request', asked)).toMatchObject({ check: { ok: true } });
  });

  it('severed, it is told so as the last thing that it hears', async () => {
    const heard: Event[] = [];
    service.client.onEvent = (event) => void heard.push(event);
    const { connection } = service.connection.invite;
    await owner.served('owner.sever', { connection });
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ type: 'connection.severed', payload: { by: 'owner' } }]);
    expect(heard.map(toldFault)).toEqual([undefined]);
    await expect(service.request('data.request', asked, { timeoutMs: 1_500 })).rejects.toThrow();
  });
});
