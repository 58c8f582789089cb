import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FilePin } from '../core/pins/file-pin.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import { parseNote } from '../ledger/signed-note.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { readLedger } from './ledger-view.ts';

const address = 'personal/shipping_address';
const hourMs = 60 * 60 * 1000;

async function sizeIn(pin: FilePin): Promise<number> {
  const note = parseNote((await pin.read()) ?? '');
  return parseCheckpoint(note?.text ?? '')?.size ?? 0;
}

/** A pin that takes what it must take at the opening, and nothing more until it is let go. */
function slowPin(pin: FilePin): { pin: FilePin; release: () => void } {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let moves = 0;
  const replace: FilePin['replace'] = async (expected, next) => {
    moves += 1;
    if (moves > 1) await released;
    await pin.replace(expected, next);
  };
  return { pin: { ...pin, name: 'a slow pin', replace }, release };
}

describe('a vault whose checkpoint is pinned', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    service = await house.connectService(owner, await retailer());
  });
  afterAll(() => house?.destroy());

  it('has one on record when it is closed, and the pin covers everything then', async () => {
    await house.closeVault();
    const records = await readLedger(house);
    const last = records.slice(-3).map(({ kind }) => kind);
    expect(last.filter((kind) => kind !== 'sent').slice(-2)).toEqual(['checkpoint', 'closed']);
    expect(await sizeIn(house.pin)).toBe(records.length);
    await house.open();
  });

  it('does not open on a ledger that was put back to an earlier copy', async () => {
    await house.closeVault();
    await house.ledger.stop();
    const [earlier, newest] = [join(house.folder, 'earlier'), join(house.folder, 'newest')];
    await cp(house.data.ledger, earlier, { recursive: true });
    await house.restartLedger();
    await house.open();
    await owner.served('owner.set', { field: 'personal/nickname', value: 'Countess' });
    await house.closeVault();
    await house.ledger.stop();
    await rename(house.data.ledger, newest);
    await cp(earlier, house.data.ledger, { recursive: true });
    await house.restartLedger();
    await expect(house.open()).rejects.toMatchObject({ code: 'ROLLED_BACK' });
    await house.ledger.stop();
    await rm(house.data.ledger, { recursive: true });
    await rename(newest, house.data.ledger);
    await house.restartLedger();
    await house.open();
  });

  it('does not open while nobody knows what the pin has seen, unless the owner begins anew', async () => {
    await house.closeVault();
    const kept = join(house.folder, 'checkpoints');
    await rename(kept, `${kept}.away`);
    await expect(house.open()).rejects.toMatchObject({ code: 'PIN_MISSING' });
    await house.open({ adopt: true });
    await house.closeVault();
    expect(await sizeIn(house.pin)).toBe((await readLedger(house)).length);
    await house.open();
  });

  it('lets the answer to a critical event go only when the pin covers its result', async () => {
    await house.closeVault();
    const { pin, release } = slowPin(house.pin);
    await house.open({ pins: [pin] });
    const payload = { order: 'P-1', amount: 100, currency: 'GBP', payee: 'Acme Retail' };
    let answered = false;
    const paid = service.request('payment.request', payload, { critical: true }).then((answer) => {
      answered = true;
      return answer;
    });
    const fields = { fields: [address] };
    expect(await service.request('data.request', fields)).toMatchObject({ status: 'served' });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const handled = (await readLedger(house)).filter(({ kind }) => kind === 'handled');
    expect(handled.at(-1)?.body).toMatchObject({ code: 'ok' });
    expect(answered).toBe(false);
    release();
    expect(await paid).toMatchObject({ status: 'served' });
    await house.closeVault();
    await house.open();
  });

  it('stops when its clock is set forward, and has recorded nothing under that time', async () => {
    await house.closeVault();
    let ahead = 0;
    const time = { wall: () => Date.now() + ahead, monotonic: () => performance.now() };
    await house.open({ time });
    ahead = 10 * 365 * 24 * hourMs;
    const asked = owner.client.ask({ type: 'owner.fields', payload: {} }, { timeoutMs: 1_500 });
    await expect(asked).rejects.toThrow();
    expect(house.failures.at(-1)).toMatchObject({ code: 'CLOCK_JUMPED' });
    await house.vault?.abandon();
    expect((await readLedger(house)).at(-1)?.time).toBeLessThan(Date.now() + hourMs);
    const late = { wall: () => Date.now() + 2 * hourMs, monotonic: () => performance.now() };
    await expect(house.open({ time: late })).rejects.toMatchObject({ code: 'CLOCK_JUMPED' });
    await house.open({ time: late, ownersTime: () => Date.now() + 2 * hourMs });
    await house.vault?.abandon();
  });
});
