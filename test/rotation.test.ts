import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectLedger } from '../cli/servers.ts';
import { KeySeries } from '../core/keys/key-series.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { verifyLedger } from '../replay/verify.ts';
import { type Owner, TestHouse } from './harness.ts';
import { ofKind, readLedger } from './ledger-view.ts';

describe("replacing the ledger's key", () => {
  let house: TestHouse;
  let owner: Owner;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
  });
  afterAll(() => house?.destroy());

  async function verified(): Promise<unknown> {
    const nc = await connectLedger(house.ledger.url, house.ledger.seeds.reader);
    try {
      const store = await jetStreamStore(nc, house.card.vault);
      const note = (await house.pin.read()) ?? '';
      return await verifyLedger(store, house.card.ledger, { pinned: [{ pin: 'the file', note }] });
    } finally {
      await nc.close();
    }
  }

  it('goes on under the new one, and is verified from the first', async () => {
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada' });
    for (let time = 0; time < 2; time++) {
      expect(await owner.served('owner.rotate', { purpose: 'ledger' })).toEqual({
        purpose: 'ledger',
      });
      await owner.served('owner.set', { field: 'personal/full_name', value: `Ada ${time}` });
    }
    await house.closeVault();
    expect(await verified()).toMatchObject({ ok: true });
    const rotated = ofKind(await readLedger(house), 'rotated').map(({ body }) => body.purpose);
    expect(rotated).toEqual(['ledger', 'ring', 'ledger', 'ring']);
    await house.open();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada, after all' });
    await house.closeVault();
    expect(await verified()).toMatchObject({ ok: true });
    await house.open();
  });

  it.each([
    ['before the new key has signed', 'keep'],
    ['before the old key is destroyed', 'dropOthers'],
  ] as const)('is taken up at the next opening when it was cut short %s', async (_, step) => {
    const original = KeySeries.prototype[step] as (bytes: Uint8Array) => Promise<unknown>;
    KeySeries.prototype[step] = async function cut(this: unknown, bytes: Uint8Array) {
      if (step === 'keep') await original.call(this, bytes);
      throw new Error('the machine stops here');
    } as never;
    try {
      const asked = { type: 'owner.rotate', payload: { purpose: 'ledger' } };
      await expect(owner.client.ask(asked, { timeoutMs: 1_500 })).rejects.toThrow();
      await house.vault?.abandon();
    } finally {
      KeySeries.prototype[step] = original as never;
    }
    await house.open();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada, again' });
    await house.closeVault();
    expect(await verified()).toMatchObject({ ok: true });
    await house.open();
    await owner.served('owner.rotate', { purpose: 'ledger' });
  });
});
