import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';

const address = 'personal/shipping_address';
const phone = 'personal/phone_number';
const birth = 'personal/date_of_birth';

/** A contract in which every field may be had once, or for one session. */
async function contract(): Promise<Contract> {
  const base = await retailer();
  const retention: Record<string, string> = {
    [address]: 'session',
    [phone]: 'P0D',
    [birth]: 'P0D',
  };
  return {
    ...base,
    fields: base.fields.map((field) => ({
      ...field,
      retention: retention[field.name] ?? field.retention,
    })),
  };
}

describe('a field whose retention is over', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    await owner.served('owner.set', { field: phone, value: '+44 20 7946 0001' });
    await owner.served('owner.set', { field: birth, value: '1815-12-10' });
    service = await house.connectService(owner, await contract(), [phone]);
  });
  afterAll(() => house?.destroy());

  const connection = (): string => service.connection.invite.connection;
  const ask = (field: string, from: Service = service): Promise<Answer> =>
    from.request('data.request', { fields: [field] });
  const expired = { status: 'refused', code: 'retention_expired' };

  it('of an optional field is refused, until the owner grants it anew by an act of their own', async () => {
    expect(await ask(phone)).toMatchObject({ status: 'served' });
    expect(await ask(phone)).toMatchObject(expired);
    await owner.served('owner.grant', { connection: connection(), fields: [phone] });
    expect(await ask(phone)).toMatchObject({ status: 'served' });
    expect(await ask(phone)).toMatchObject(expired);
    const records = await readLedger(house);
    const device = trailOf(records).find(({ type }) => type === 'owner.grant')?.key_id;
    expect(ofKind(records, 'granted').map(({ body }) => body)).toEqual([
      { connection: connection(), fields: [phone], device },
    ]);
    const line = trailOf(records).find(({ kind }) => kind === 'granted');
    expect(line).toMatchObject({ connection: connection(), detail: phone });
  });

  it('stays so when the vault is closed and opened again from its ledger', async () => {
    await house.closeVault();
    await house.open();
    expect(await ask(phone)).toMatchObject(expired);
  });

  it('is served within the session in which it was first served, and in no other one', async () => {
    expect(await ask(address)).toMatchObject({ status: 'served' });
    expect(await ask(address)).toMatchObject({ status: 'served' });
    const later = await house.asService(service.connection);
    expect(await ask(address, later)).toMatchObject(expired);
    expect(await ask(address)).toMatchObject({ status: 'served' });
    await house.closeVault();
    await house.open();
    expect(await ask(address, later)).toMatchObject(expired);
    await owner.served('owner.grant', { connection: connection(), fields: [address] });
    expect(await ask(address, later)).toMatchObject({ status: 'served' });
    expect(await ask(address)).toMatchObject(expired);
  });

  it('of the consent tier is asked for again, and the owner’s yes is the new grant', async () => {
    for (const _ of [1, 2]) {
      const answer = ask(birth);
      await approveNext();
      expect(await answer).toMatchObject({ status: 'served' });
    }
    const decided = ofKind(await readLedger(house), 'decided').map(({ body }) => body);
    const about = decided.filter(({ facts }) => facts.consent?.includes(birth));
    expect(about.map(({ outcome }) => outcome)).toEqual([
      'pending',
      'allowed',
      'pending',
      'allowed',
    ]);
    const retention = about.map(({ checks }) => checks.find(({ check }) => check === 'retention'));
    expect(retention[2]).toMatchObject({ result: 'pass', inputs: { asked_anew: [birth] } });
    expect(about[3]?.facts.granted).toEqual([birth]);
  });

  it('cannot be granted where nobody may have it, or where the owner is asked each time', async () => {
    const grant = (fields: string[], to = connection()): Promise<Answer> =>
      owner.ask('owner.grant', { connection: to, fields });
    expect(await grant([birth])).toMatchObject({ code: 'malformed' });
    expect(await grant(['personal/passport'])).toMatchObject({ code: 'field_not_in_contract' });
    expect(await grant([])).toMatchObject({ code: 'schema_invalid' });
    expect(await grant([phone], 'a'.repeat(26))).toMatchObject({ code: 'connection_unknown' });
  });

  async function approveNext(): Promise<void> {
    for (;;) {
      const pending = (await owner.served('owner.pending')) as {
        requests: { request: string; hash: string }[];
      };
      const [held] = pending.requests;
      if (held === undefined) continue;
      await owner.served('owner.approve', { request: held.request, hash: held.hash });
      return;
    }
  }
});
