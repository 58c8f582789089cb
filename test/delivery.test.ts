import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VaultEnvironment } from '../cli/wiring.ts';
import type { SealedEvent } from '../service/session.ts';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, type Trace, traceOf } from './ledger-view.ts';
import { RawPeer } from './raw-peer.ts';

const minuteMs = 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;
const name = 'personal/full_name';
const birth = 'personal/date_of_birth';
const order = (id: string): object => ({
  order: id,
  amount: 4_999,
  currency: 'EUR',
  payee: 'Acme Retail',
});

let house: TestHouse;
let owner: Owner;
let service: Service;
let ear: RawPeer;

async function moveIn(): Promise<void> {
  house = await TestHouse.create();
  await house.open();
  owner = await house.owner();
  await owner.served('owner.set', { field: name, value: 'Ada Lovelace' });
  service = await house.connectService(owner, await generous());
  ear = await RawPeer.connect(service.connection, house.vine.url);
}

async function moveOut(): Promise<void> {
  await ear?.close();
  await house?.destroy();
}

async function generous(): Promise<Contract> {
  return { ...(await retailer()), limits: { requests_per_hour: 1_000, burst: 1_000 } };
}

const pay = (id: string, expires?: number): Promise<SealedEvent> =>
  service.seal('payment.request', order(id), expires);
const trace = (id: string): Promise<Trace> =>
  traceOf(house, service.connection.invite.connection, id);

async function submit(...ids: string[]): Promise<SealedEvent[]> {
  const all = [];
  for (const id of ids) all.push(await pay(id));
  for (const one of all) await service.client.submit(one);
  return all;
}

/** A machine whose clock is ahead by so much, as its owner says too. */
function later(ms: number): Partial<VaultEnvironment> {
  const wall = (): number => Date.now() + ms;
  return { time: { wall, monotonic: () => performance.now() }, ownersTime: wall };
}

describe('a vault that was away for a week', () => {
  beforeEach(moveIn);
  afterEach(moveOut);

  it('finds what waits, and what had an end before does not fire', async () => {
    await house.closeVault();
    const [lasting] = await submit('W-1');
    const ended = await pay('W-2', Date.now() + dayMs);
    await service.client.submit(ended);
    await house.open(later(7 * dayMs));
    expect((await ear.answer(lasting?.id ?? '')).answer).toMatchObject({ status: 'served' });
    expect((await ear.answer(ended.id)).answer).toMatchObject({
      status: 'refused',
      code: 'expired',
    });
    expect(await trace(ended.id)).toMatchObject({ decided: [{ reason: 'expired' }], handled: [] });
  });

  it('for longer than ids are kept, fires nothing at all', async () => {
    await house.closeVault();
    const [old] = await submit('W-3');
    await house.open(later(17 * dayMs));
    expect((await ear.answer(old?.id ?? '')).answer).toMatchObject({ code: 'expired' });
    expect((await trace(old?.id ?? '')).handled).toEqual([]);
  });
});

describe('on one vault', () => {
  beforeAll(moveIn);
  afterAll(moveOut);

  describe('critical events', () => {
    it('keep their order over crashes, and each is decided once', async () => {
      await house.closeVault();
      const ids = Array.from({ length: 30 }, (_, n) => `O-${n}`);
      const sealed = await submit(...ids);
      for (let crash = 0; crash < 3; crash++) {
        const vault = await house.open();
        await new Promise((resolve) => setTimeout(resolve, 15 * crash));
        await vault.abandon();
      }
      await house.open();
      for (const { id } of sealed)
        expect((await ear.answer(id)).answer).toMatchObject({ status: 'served' });
      const records = await readLedger(house);
      const received = ofKind(records, 'received').filter(
        ({ body }) => body.event?.type === 'payment.request',
      );
      expect(received.map(({ body }) => body.id)).toEqual(sealed.map(({ id }) => id));
      const done = ofKind(records, 'handled').filter(({ body }) => body.effects.length > 0);
      expect(done).toHaveLength(sealed.length);
    });
  });

  describe('a best-effort event', () => {
    it('that nobody heard is sent again, and decided once', async () => {
      await house.closeVault();
      const sealed = await service.seal('data.request', { fields: [name] });
      const answered = service.client.askSealed(sealed, { timeoutMs: 20_000 });
      await house.open();
      expect(await answered).toMatchObject({
        status: 'served',
        result: { fields: { [name]: 'Ada Lovelace' } },
      });
      expect(await trace(sealed.id)).toMatchObject({ decided: [{ outcome: 'allowed' }] });
    });

    it('whose answer was lost is answered again with the same bytes', async () => {
      const deaf = await RawPeer.connect(service.connection, house.vine.url);
      const sealed = deaf.seal('data.request', { fields: [name] });
      deaf.publish(sealed);
      await deaf.close();
      await ledgerWhen(house, (all) =>
        ofKind(all, 'handled').some(({ body }) => body.request.endsWith(sealed.id)),
      );
      const { bytes, answer } = await ear.send(sealed);
      expect(answer).toMatchObject({ status: 'served' });
      const { decided, answers } = await trace(sealed.id);
      expect([decided.length, answers.map((one) => new Uint8Array(one.bytes))]).toEqual([
        1,
        [bytes],
      ]);
    });
  });

  describe("what the owner's app reads", () => {
    /** The client is done with the first answer, as if it had been lost, when the same bytes go once more. */
    const askTwice = async (type: string, payload: object): Promise<Answer> => {
      const sealed = await owner.client.seal({ type, payload });
      await owner.client.askSealed(sealed, { timeoutMs: 15_000 });
      const second = await owner.client.askSealed(sealed, { timeoutMs: 1_500 });
      const all = await readLedger(house);
      const decided = ofKind(all, 'decided').filter(({ body }) => body.request.endsWith(sealed.id));
      const kept = ofKind(all, 'queued').filter(({ body }) => body.answers?.endsWith(sealed.id));
      expect([decided.length, kept.length]).toEqual([1, 0]);
      return second;
    };

    it.each([
      ['owner.fields', {}],
      ['owner.pending', {}],
      ['owner.connections', {}],
      ['owner.rules', {}],
      ['owner.devices', {}],
      ['owner.audit', { from: 0, count: 2 }],
      ['owner.notifications', { from: 0, count: 2 }],
    ])('is read again by the same %s', async (type, payload) => {
      expect(await askTwice(type, payload)).toMatchObject({ status: 'served', type });
    });

    it('has a checkpoint recorded once, however often it is shown', async () => {
      const checkpoints = async () => ofKind(await readLedger(house), 'checkpoint').length;
      const before = await checkpoints();
      const shown = await askTwice('owner.checkpoint', { kept: 0, record: true });
      expect(shown).toMatchObject({ status: 'served', result: { note: expect.any(String) } });
      await ledgerWhen(house, (all) => ofKind(all, 'checkpoint').length > before);
      await owner.served('owner.fields');
      expect(await checkpoints()).toBe(before + 1);
    });
  });

  describe('a message on which the vault fails', () => {
    it('is recorded, answered and done with, and the next one is served', async () => {
      const looks = await looksOfOpening();
      const before = house.failures.length;
      const [poison, next] = await submit('P-1', 'P-2');
      const clock = faultyClock((look) => look === looks + 1);
      await house.open({ time: clock.time });
      expect((await ear.answer(poison?.id ?? '')).answer).toMatchObject({
        status: 'refused',
        code: 'internal',
        statement: expect.anything(),
      });
      expect((await ear.answer(next?.id ?? '')).answer).toMatchObject({ status: 'served' });
      const { received, decided, handled } = await trace(poison?.id ?? '');
      expect(received).toMatchObject([{ body: { failure: { reason: 'internal' } } }]);
      expect(decided).toMatchObject([{ outcome: 'denied', reason: 'internal' }]);
      expect(handled).toEqual([]);
      expect(house.failures).toHaveLength(before);
    });

    it('and stops each time is set aside after a few openings, whatever the matter was', async () => {
      const looks = await looksOfOpening();
      const [poison, next] = await submit('P-3', 'P-4');
      const before = house.failures.length;
      for (let opening = 1; opening <= 4; opening++) {
        const clock = faultyClock((look) => look > looks);
        await house.open({ time: clock.time });
        await until(() => house.failures.length === before + opening);
        await house.vault?.abandon();
        house.vault = undefined;
      }
      expect((await trace(poison?.id ?? '')).received).toEqual([]);
      await house.open();
      expect((await ear.answer(poison?.id ?? '')).answer).toMatchObject({ code: 'internal' });
      expect((await ear.answer(next?.id ?? '')).answer).toMatchObject({ status: 'served' });
      const { decided, handled } = await trace(poison?.id ?? '');
      expect(decided).toMatchObject([{ outcome: 'denied', reason: 'internal' }]);
      expect(handled).toEqual([]);
    });

    it('is not one that is as large as may be and comes when a hundred waits end', async () => {
      const expires = Date.now() + 20 * minuteMs;
      const waiting = Array.from({ length: 110 }, () =>
        ear.seal('data.request', { fields: [birth] }, { expires }),
      );
      for (const one of waiting) ear.publish(one);
      await Promise.all(waiting.map(({ id }) => ear.answer(id)));
      await house.closeVault();
      const large = await service.seal('payment.request', { order: 'x'.repeat(130_000) });
      await service.client.submit(large);
      await house.open(later(30 * minuteMs));
      expect((await ear.answer(large.id)).answer).toMatchObject({ code: 'schema_invalid' });
      await ledgerWhen(house, (all) => ofKind(all, 'expired').length === 110);
    });

    it('nor one whose result fits no answer: that is a fault of its handler, and told', async () => {
      const address = 'personal/shipping_address';
      for (const field of [name, address])
        await owner.served('owner.set', { field, value: 'x'.repeat(65_450) });
      expect(await service.request('data.request', { fields: [name, address] })).toMatchObject({
        status: 'refused',
        code: 'handler_failed',
      });
    });
  });

  describe('when more waits than may', () => {
    it('the next critical event is refused to its sender, in words', async () => {
      await house.closeVault();
      await submit(...Array.from({ length: 256 }, (_, n) => `Q-${n}`));
      const next = await pay('Q-256');
      await expect(service.client.submit(next)).rejects.toMatchObject({
        name: 'ServiceError',
        code: 'FULL',
        message: 'too many events of this type wait for the vault already',
      });
      const asked = service.request('payment.request', order('Q-257'), { critical: true });
      await expect(asked).rejects.toMatchObject({ code: 'FULL' });
    });
  });
});

/** How often an opening looks at the clock when nothing waits: the next look is for the first event. */
async function looksOfOpening(): Promise<number> {
  await house.closeVault();
  const clock = faultyClock(() => false);
  await house.open({ time: clock.time });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { looks } = clock;
  await house.closeVault();
  return looks;
}

/** The host's clock, which fails where `fails` says so of a look at it, counted from 1. */
function faultyClock(fails: (look: number) => boolean) {
  const clock = {
    looks: 0,
    time: {
      wall: (): number => {
        clock.looks += 1;
        if (fails(clock.looks)) throw new Error('the clock does not answer');
        return Date.now();
      },
      monotonic: (): number => performance.now(),
    },
  };
  return clock;
}

async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000 && !done(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(done()).toBe(true);
}
