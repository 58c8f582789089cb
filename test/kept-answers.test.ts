import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LateAnswer } from '../service/heard-answers.ts';
import type { SealedEvent } from '../service/session.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger } from './ledger-view.ts';

const order = (id: string): object => ({
  order: id,
  amount: 4_999,
  currency: 'EUR',
  payee: 'Acme Retail',
});

let house: TestHouse;
let owner: Owner;

beforeAll(async () => {
  house = await TestHouse.create();
  await house.open();
  owner = await house.owner();
  await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
});
afterAll(() => house?.destroy());

/** A service that may ask as often as it likes. */
async function newService(): Promise<Service> {
  const limits = { requests_per_hour: 1_000, burst: 1_000 };
  return house.connectService(owner, { ...(await retailer()), limits });
}

/** Sends a critical event, and is away before it is answered. */
async function submitAndLeave(service: Service, ...orders: string[]): Promise<SealedEvent[]> {
  const sealed = [];
  for (const id of orders) sealed.push(await service.seal('payment.request', order(id)));
  for (const one of sealed) await service.client.submit(one);
  await service.client.close();
  return sealed;
}

/** Ids of queued answers to critical events of a connection, and which of them were sent. */
async function outbox(service: Service): Promise<{ queued: string[]; sent: string[] }> {
  const { connection } = service.connection.invite;
  const records = await readLedger(house);
  const queued = ofKind(records, 'queued')
    .filter(({ body }) => body.connection === connection && body.critical === true)
    .map(({ body }) => body.id);
  const all = new Set(ofKind(records, 'sent').flatMap(({ body }) => body.ids));
  return { queued, sent: queued.filter((id) => all.has(id)) };
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000 && !(await done()); tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await done()).toBe(true);
}

/** The service at another place, with what it is told besides answers that it waits for. */
async function back(service: Service): Promise<{ service: Service; late: LateAnswer[] }> {
  const late: LateAnswer[] = [];
  const again = await house.asService(service.connection, {
    onAnswer: (one) => void late.push(one),
  });
  return { service: again, late };
}

describe('an answer to a critical event', () => {
  it('waits for a service that was away, is told to it once, and is evidence', async () => {
    const service = await newService();
    await house.closeVault();
    const [sealed] = await submitAndLeave(service, 'A-1');
    await house.open();
    await until(async () => (await outbox(service)).sent.length === 3);
    const first = await back(service);
    await until(() => first.late.length > 0);
    expect(first.late).toMatchObject([
      {
        event: sealed?.id,
        answer: { status: 'served', result: order('A-1'), check: { ok: true } },
      },
    ]);
    await first.service.client.close();
    const second = await back(service);
    expect(
      await second.service.request('payment.request', order('A-2'), { critical: true }),
    ).toMatchObject({ status: 'served' });
    await second.service.client.close();
    expect(second.late).toEqual([]);
  });

  it('reaches a service that waits for it, and nobody again', async () => {
    const service = await newService();
    const here = await back(service);
    for (const id of ['B-1', 'B-2', 'B-3'])
      expect(
        await here.service.request('payment.request', order(id), { critical: true }),
      ).toMatchObject({ status: 'served', result: order(id) });
    await here.service.client.close();
    const later = await back(service);
    expect(
      await later.service.request('payment.request', order('B-4'), { critical: true }),
    ).toMatchObject({ status: 'served' });
    await later.service.client.close();
    expect([...here.late, ...later.late]).toEqual([]);
  });

  it('stays where it is until somebody takes it', async () => {
    const service = await newService();
    const [sealed] = await submitAndLeave(service, 'C-1');
    await until(async () => (await outbox(service)).sent.length === 3);
    const told: string[] = [];
    const failing = await house.asService(service.connection, {
      onAnswer: ({ event }) => {
        told.push(event);
        throw new Error('no place to keep it');
      },
    });
    await until(() => told.length > 0);
    await failing.client.close();
    expect(told).toEqual([sealed?.id]);
    expect((await outbox(service)).sent).toHaveLength(3);
  });

  it('opens although the service has forgotten every epoch', async () => {
    const service = await newService();
    // The vault knows that its epoch has arrived, and does not repeat the opening.
    for (const id of ['D-1', 'D-2'])
      await service.request('payment.request', order(id), { critical: true });
    const [sealed] = await submitAndLeave(service, 'D-3');
    const { late } = await back(service);
    await until(() => late.length > 0);
    expect(late.map(({ event }) => event)).toEqual([sealed?.id]);
  });

  it('waits in the outbox where the messaging layer keeps as many as it does already', async () => {
    const service = await newService();
    const many = 256 + 4;
    const ids = [];
    for (let batch = 0; batch < many; batch += 65) {
      const sender = await house.asService(service.connection);
      const names = Array.from({ length: 65 }, (_, n) => `E-${batch + n}`);
      ids.push(...(await submitAndLeave(sender, ...names)));
    }
    const acceptance = 2;
    await ledgerWhen(
      house,
      (records) =>
        ofKind(records, 'queued').filter(
          ({ body }) => body.connection === service.connection.invite.connection,
        ).length >=
        many + acceptance,
    );
    await until(async () => (await outbox(service)).sent.length === 256 + acceptance);
    const { late } = await back(service);
    await until(() => late.length === many);
    await until(async () => (await outbox(service)).sent.length === many + acceptance);
    expect(new Set(late.map(({ event }) => event))).toEqual(new Set(ids.map(({ id }) => id)));
    expect(late.every(({ answer }) => answer.status === 'served')).toBe(true);
  });

  it('of a severed connection is dropped, and waits for nobody', async () => {
    const [service, other] = [await newService(), await newService()];
    await submitAndLeave(service, 'F-1');
    const [kept] = await submitAndLeave(other, 'F-2');
    await until(async () => (await outbox(service)).sent.length === 3);
    await owner.served('owner.sever', { connection: service.connection.invite.connection });
    await until(() =>
      house.asService(service.connection).then(
        () => false,
        () => true,
      ),
    );
    const { late } = await back(other);
    await until(() => late.length > 0);
    expect(late.map(({ event }) => event)).toEqual([kept?.id]);
    expect(house.failures).toEqual([]);
  });
});
