import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SealedEvent } from '../service/session.ts';
import { fromBase64url } from '../wire/bytes.ts';
import { verifySignature } from '../wire/crypto.ts';
import { retailer, type Service, TestHouse } from './harness.ts';
import { ofKind, readLedger, type Trace, traceOf } from './ledger-view.ts';
import { RawPeer } from './raw-peer.ts';

type Authorized = {
  readonly authorization: {
    readonly statement: string;
    readonly signature: string;
    readonly key: string;
  };
};

const order = (id: string, amount = 4_999): object => ({
  order: id,
  amount,
  currency: 'EUR',
  payee: 'Acme Retail',
});

describe('a service asks for a payment', () => {
  let house: TestHouse;
  let service: Service;
  /** Hears every answer that the service gets. */
  let ear: RawPeer;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    const owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    service = await house.connectService(owner, await retailer());
    ear = await RawPeer.connect(service.connection, house.vine.url);
  });
  afterAll(async () => {
    await ear?.close();
    await house?.destroy();
  });

  const trace = (id: string): Promise<Trace> =>
    traceOf(house, service.connection.invite.connection, id);
  const pay = (payload: object, expires?: number): Promise<SealedEvent> =>
    service.seal('payment.request', payload, expires);

  it('it waits while the vault is closed, and is authorized when it is open', async () => {
    await house.closeVault();
    const sealed = await pay(order('A-1'));
    await service.client.submit(sealed);
    expect((await trace(sealed.id)).received).toEqual([]);
    await house.open();
    const { answer } = await ear.answer(sealed.id);
    expect(answer).toMatchObject({ status: 'served', result: order('A-1') });
    await authorizes(sealed.id, answer as unknown as { result: Authorized });
    const { decided, handled } = await trace(sealed.id);
    expect(decided).toMatchObject([{ outcome: 'allowed', handler: 'payment-request' }]);
    expect(handled).toMatchObject([
      {
        code: 'ok',
        accesses: [{ what: 'sign', name: 'payment', permitted: true }],
        effects: [{ type: 'payment.authorized', ...order('A-1') }],
      },
    ]);
  });

  it('it is not lost when a later session of the same party comes first', async () => {
    const waiting = await house.asService(service.connection);
    const sealed = await waiting.seal('payment.request', order('A-2'));
    await new Promise((resolve) => setTimeout(resolve, 250));
    const later = await house.asService(service.connection);
    const fields = ['personal/full_name'];
    expect(await later.request('data.request', { fields })).toMatchObject({ status: 'served' });
    await waiting.client.submit(sealed);
    expect((await ear.answer(sealed.id)).answer).toMatchObject({ status: 'served' });
  });

  /** The authorization verifies under the vault's payment key, and says what is paid to whom. */
  async function authorizes(id: string, answer: { result: Authorized }): Promise<void> {
    const { statement, signature, key } = answer.result.authorization;
    const [genesis] = ofKind(await readLedger(house), 'genesis');
    const bytes = fromBase64url(statement);
    expect(fromBase64url(key)).toEqual(genesis?.body.keys.purposes['payment']);
    const good = verifySignature(
      fromBase64url(key),
      'cambium/sign/payment/v1',
      bytes,
      fromBase64url(signature),
    );
    expect(good).toBe(true);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
      ...order('A-1'),
      event: id,
      vault: house.card.vault,
      party: service.connection.invite.party,
    });
  }

  it('the same order again is a duplicate, and is not authorized twice', async () => {
    const again = await pay(order('A-1', 1));
    await service.client.submit(again);
    expect((await ear.answer(again.id)).answer).toMatchObject({
      status: 'refused',
      code: 'duplicate',
    });
    const { decided, handled } = await trace(again.id);
    expect(decided).toMatchObject([{ outcome: 'denied', reason: 'duplicate' }]);
    expect(handled).toEqual([]);
  });

  it('of two with one order at the same moment, exactly one is authorized', async () => {
    await house.closeVault();
    const both = [await pay(order('B-2', 100)), await pay(order('B-2', 200))];
    for (const one of both) await service.client.submit(one);
    await house.open();
    const answers = await Promise.all(both.map(async ({ id }) => (await ear.answer(id)).answer));
    const codes = answers.map((answer) => (answer.status === 'refused' ? answer.code : 'served'));
    expect(codes.sort()).toEqual(['duplicate', 'served']);
    const traces = await Promise.all(both.map(({ id }) => trace(id)));
    // Neither knew of the other when it was decided about: the later result was dropped.
    expect(traces.map(({ decided }) => decided[0]?.outcome)).toEqual(['allowed', 'allowed']);
    const handled = traces.flatMap((one) => one.handled);
    expect(handled.map(({ code }) => code).sort()).toEqual(['dropped', 'ok']);
    expect(handled.filter(({ effects }) => effects.length > 0)).toHaveLength(1);
    expect(handled.find(({ code }) => code === 'dropped')).toMatchObject({ reason: 'duplicate' });
  });

  it('one that expired while it waited never fires', async () => {
    await house.closeVault();
    const expires = Date.now() + 500;
    const sealed = await pay(order('C-3'), expires);
    await service.client.submit(sealed);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, expires - Date.now())));
    await house.open();
    expect((await ear.answer(sealed.id)).answer).toMatchObject({ code: 'expired' });
    const { decided, handled } = await trace(sealed.id);
    expect(decided).toMatchObject([{ outcome: 'denied', reason: 'expired' }]);
    expect(handled).toEqual([]);
  });

  it('sent twice, byte for byte, it is authorized once and answered with the same bytes', async () => {
    const sealed = await pay(order('D-4'));
    await service.client.submit(sealed);
    const first = await ear.answer(sealed.id);
    await service.client.submit(sealed);
    const second = await ear.answer(sealed.id, 1);
    expect(second.bytes).toEqual(first.bytes);
    const { received, decided, handled } = await trace(sealed.id);
    expect([received.length, decided.length, handled.length]).toEqual([1, 1, 1]);
  });
});
