import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LateAnswer } from '../service/heard-answers.ts';
import { openService } from '../service/service.ts';
import { memoryStore } from '../service/service-store.ts';
import { retailer } from './harness.ts';
import { connected, type Home, leave, neighbours, until } from './neighbours.ts';

const order = (id: string): object => ({
  order: id,
  amount: 4_999,
  currency: 'EUR',
  payee: 'Acme Retail',
});

let homes: Home[];

beforeAll(async () => {
  homes = await neighbours(2);
}, 60_000);
afterAll(() => leave(homes ?? []));

it('a service finds, over its one connection, what several vaults have answered while it was away', async () => {
  const store = memoryStore();
  const before = await openService({ store });
  const contract = await retailer();
  const vaults = [];
  for (const home of homes) vaults.push(await connected(before, home, contract));
  for (const { house } of homes) await house.closeVault();
  for (const [at, vault] of vaults.entries()) {
    const asked = vault.request('payment.request', order(`L-${at}`), { timeoutMs: 300 });
    await expect(asked).rejects.toMatchObject({ code: 'NO_ANSWER' });
  }
  await before.close();
  for (const { house } of homes) await house.open();

  const late: (LateAnswer & { connection: string })[] = [];
  const onLateAnswer = (connection: string, one: LateAnswer): void =>
    void late.push({ ...one, connection });
  const after = await openService({ store, onLateAnswer });
  expect(after.connections).toBe(1);
  await until(async () => late.length === 2);
  const told = new Map(late.map(({ connection, answer }) => [connection, answer]));
  for (const [at, { connection }] of vaults.entries())
    expect(told.get(connection)).toMatchObject({
      status: 'served',
      result: order(`L-${at}`),
      check: { ok: true },
    });
  for (const [at, vault] of [...after.vaults.values()].entries())
    expect(await vault.request('payment.request', order(`M-${at}`))).toMatchObject({
      status: 'served',
    });
  await after.close();
  expect(late).toHaveLength(2);
});
