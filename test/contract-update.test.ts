import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDecisions } from '../replay/check-decisions.ts';
import { replayed } from '../replay/testing/records.ts';
import { updateContract } from '../service/contract-update.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import { address, birth, ContractWorld, nextOf } from './contract-world.ts';
import { ledgerWhen, ofKind, readLedger, traceOf, trailOf } from './ledger-view.ts';
import { handlerProcess } from './reach-world.ts';

const phone = 'personal/phone_number';
const timeoutMs = 20_000;

describe('a service publishes the next version of its contract', () => {
  let world: ContractWorld;
  let first: Contract;

  beforeAll(async () => {
    world = await ContractWorld.create();
    first = world.first;
  });
  afterAll(() => world?.destroy());

  it('at once nothing is served any more, under the old version or the new one, until the owner accepts', async () => {
    const shop = await world.party();
    expect(await world.ask(shop, [address], first)).toMatchObject({ status: 'served' });
    const next = nextOf(first, { title: 'New terms' });
    const update = await world.publish(shop, next);
    const pending = { status: 'refused', code: 'contract_pending' };
    expect(await world.ask(shop, [address], first)).toMatchObject(pending);
    expect(await world.ask(shop, [address], next)).toMatchObject(pending);
    expect(await world.ask(shop, [birth], first)).toMatchObject(pending);
    expect(await world.accept(shop.id, next)).toMatchObject({ status: 'served' });
    expect((await shop.peer.answer(update, 1)).answer).toMatchObject({
      status: 'served',
      result: { contract: { id: next.id, version: 2, hash: contractHash(next) }, optional: [] },
    });
    expect(await world.ask(shop, [address], next)).toMatchObject({ status: 'served' });
    expect(await world.ask(shop, [address], first)).toMatchObject({
      code: 'contract_version_mismatch',
    });
  });

  it('a restart changes nothing about it', async () => {
    const shop = await world.party();
    const next = nextOf(first);
    await world.publish(shop, next);
    await world.house.closeVault();
    await world.house.open();
    expect(await world.ask(shop, [address], first)).toMatchObject({ code: 'contract_pending' });
    await world.accept(shop.id, next);
    await world.house.closeVault();
    await world.house.open();
    expect(await world.ask(shop, [address], next)).toMatchObject({ status: 'served' });
  });

  it('the owner is told at once, and sees what changes and what is missing', async () => {
    const shop = await world.party();
    const tax = { name: 'financial/tax_id', tier: 'required', purpose: 'invoicing' } as const;
    const fields = [...first.fields, { ...tax, retention: 'until_revoked' }];
    const next = nextOf(first, { fields, limits: { requests_per_hour: 600, burst: 5 } });
    await world.publish(shop, next);
    const notice = world.heard.filter(({ type }) => type === 'contract.offered').at(-1)?.payload;
    const update = {
      connection: shop.id,
      before: { version: 1, hash: contractHash(first) },
      after: { version: 2, hash: contractHash(next) },
      missing: ['financial/tax_id'],
      changes: { more: 2, less: 1, other: 0 },
    };
    expect(notice).toMatchObject(update);
    const { updates } = (await world.owner.served('owner.pending')) as { updates: unknown[] };
    expect(updates).toMatchObject([update]);
    const shown = await world.owner.served('owner.contract.show', { connection: shop.id, from: 0 });
    expect(shown).toMatchObject({ update, contract: next, next: null });
    expect((shown as { changes: unknown }).changes).toMatchObject([
      { change: 'added', kind: 'field', name: 'financial/tax_id', before: null },
      { kind: 'limit', name: 'requests_per_hour', before: 60, after: 600, leaning: 'more' },
      { kind: 'limit', name: 'burst', before: 500, after: 5, leaning: 'less' },
    ]);
    expect(await world.accept(shop.id, next)).toMatchObject({ code: 'required_field_missing' });
    await world.owner.served('owner.set', { field: 'financial/tax_id', value: 'GB-1815' });
    expect(await world.accept(shop.id, next)).toMatchObject({ status: 'served' });
  });

  it('hundreds of changes come to the owner in pages', async () => {
    const shop = await world.party();
    const many = (word: string): Contract['fields'] =>
      Array.from({ length: 190 }, (_, at) => ({
        name: `personal/${word}_${at}_${'x'.repeat(80)}`,
        tier: 'on_demand',
        purpose: `p${'y'.repeat(60)}`,
        retention: 'P30D',
      }));
    const second = nextOf(first, { fields: many('one') });
    await world.publish(shop, second);
    await world.accept(shop.id, second);
    const third = nextOf(second, { fields: many('two') });
    await world.publish(shop, third, second);
    const names = new Set<string>();
    for (let from: number | null = 0, pages = 0; from !== null; pages++) {
      const ask = { connection: shop.id, from };
      const page = (await world.owner.served('owner.contract.show', ask)) as {
        changes: { name: string }[];
        next: number | null;
      };
      for (const { name } of page.changes) names.add(name);
      from = page.next;
      expect(pages).toBeLessThan(20);
    }
    expect(names.size).toBe(380);
  });

  it('what was held before falls under the freeze: an approval releases nothing', async () => {
    const shop = await world.party();
    const held = shop.peer.seal('data.request', { fields: [birth] });
    expect((await shop.peer.send(held)).answer).toMatchObject({ status: 'pending' });
    const next = nextOf(first);
    await world.publish(shop, next);
    const [received] = (await traceOf(world.house, shop.id, held.id)).received;
    const hash = Buffer.from(received?.body.digest ?? []).toString('hex');
    await world.owner.served('owner.approve', { request: `${shop.id}/${held.id}`, hash });
    expect((await shop.peer.answer(held.id, 1)).answer).toMatchObject({ code: 'contract_pending' });
    const trace = await traceOf(world.house, shop.id, held.id);
    expect(trace.decided.at(-1)).toMatchObject({ again: true, reason: 'contract_pending' });
    expect(trace.handled).toEqual([]);
  });

  it('what was running falls under it too: its result is dropped, and nothing of it is told', async () => {
    const [name, decided] = ['data-request', 'decided'] as const;
    let answer: Answer;
    let trace: Awaited<ReturnType<typeof traceOf>>;
    do {
      const shop = await world.party();
      expect(await world.ask(shop, [address], first)).toMatchObject({ status: 'served' });
      const handler = await handlerProcess(name);
      process.kill(handler, 'SIGSTOP');
      const running = shop.peer.seal('data.request', { fields: [address] });
      shop.peer.publish(running);
      await ledgerWhen(world.house, (all) =>
        ofKind(all, decided).some(({ body }) => body.request === `${shop.id}/${running.id}`),
      );
      await world.publish(shop, nextOf(first));
      process.kill(handler, 'SIGCONT');
      ({ answer } = await shop.peer.answer(running.id));
      trace = await traceOf(world.house, shop.id, running.id);
      // On a machine that is very busy the handler's time may be over first.
    } while ('code' in answer && answer.code === 'handler_timeout');
    expect(answer).toMatchObject({ status: 'refused', code: 'contract_pending' });
    expect(answer).not.toHaveProperty('result');
    expect(trace.decided).toMatchObject([{ outcome: 'allowed' }]);
    expect(trace.handled).toMatchObject([{ code: 'dropped', reason: 'contract_pending' }]);
  });

  it('the owner chooses the optional fields anew', async () => {
    const shop = await world.party();
    await world.owner.served('owner.set', { field: phone, value: '+44 1' });
    const next = nextOf(first);
    await world.publish(shop, next);
    expect(await world.accept(shop.id, next, [address])).toMatchObject({
      code: 'field_not_in_contract',
    });
    expect(await world.accept(shop.id, next, [phone])).toMatchObject({ status: 'served' });
    expect(await world.ask(shop, [phone], next)).toMatchObject({ status: 'served' });
  });

  it('rejected, the connection is severed at once, everything waiting is answered so, and the data stay', async () => {
    const shop = await world.party();
    const held = [birth, birth].map((field) => shop.peer.seal('data.request', { fields: [field] }));
    for (const one of held) expect((await shop.peer.send(one)).answer.status).toBe('pending');
    const next = nextOf(first);
    const update = await world.publish(shop, next);
    expect(await world.reject(shop.id, next)).toMatchObject({ status: 'served' });
    const severed = { status: 'refused', code: 'connection_severed' };
    expect((await shop.peer.answer(update, 1)).answer).toMatchObject(severed);
    for (const { id } of held)
      expect((await shop.peer.answer(id, 1)).answer).toMatchObject(severed);
    const records = await readLedger(world.house);
    const about = records.filter(({ body }) => 'connection' in body && body.connection === shop.id);
    const kinds = about.map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf('contract_rejected'))).toContain('severed');
    expect(await world.owner.served('owner.fields')).toContain(birth);
    const found = (await world.owner.served('owner.connections')) as {
      connections: { connection: string }[];
    };
    const mine = found.connections.find(({ connection }) => connection === shop.id);
    expect(mine).toMatchObject({ status: 'severed', update: null });
    const trail = trailOf(records).filter(({ connection }) => connection === shop.id);
    for (const kind of ['contract_offered', 'contract_rejected', 'severed'])
      expect(trail.map((entry) => entry.kind)).toContain(kind);
    expect(trail.find(({ kind }) => kind === 'contract_rejected')?.decided_by).toMatch(/^owner:/);
  });

  it('after a severance the same service connects from scratch with a fresh invite', async () => {
    const shop = await world.party();
    const next = nextOf(first);
    await world.publish(shop, next);
    await world.reject(shop.id, next);
    const again = await world.party(next);
    expect(again.id).not.toBe(shop.id);
    expect(await world.ask(again, [address], next)).toMatchObject({ status: 'served' });
  });

  it('a further version takes the place of the one that waits, which the owner cannot accept any more', async () => {
    const shop = await world.party();
    const second = nextOf(first);
    const earlier = await world.publish(shop, second);
    const third = nextOf(second, { title: 'Better terms' });
    const later = await world.publish(shop, third, second);
    const over = { status: 'refused', code: 'contract_version_mismatch' };
    expect((await shop.peer.answer(earlier, 1)).answer).toMatchObject(over);
    expect(await world.ask(shop, [address], first)).toMatchObject({ code: 'contract_pending' });
    expect(await world.accept(shop.id, second)).toMatchObject({
      code: 'contract_version_mismatch',
    });
    expect(await world.accept(shop.id, third)).toMatchObject({ status: 'served' });
    expect((await shop.peer.answer(later, 1)).answer).toMatchObject({ status: 'served' });
    expect(await world.accept(shop.id, third)).toMatchObject({ code: 'contract_unknown' });
    expect(await world.ask(shop, [address], third)).toMatchObject({ status: 'served' });
  });

  it('deciding again on all of it gives what was decided', async () => {
    const report = await checkDecisions(replayed(await readLedger(world.house)));
    expect(report.differences).toEqual([]);
    expect(report.first).toBeGreaterThan(50);
  });

  it('with the client of a service: published, accepted, and asked under', async () => {
    const { service, id } = await world.party();
    const next = nextOf(first);
    const done = updateContract(service.client, service.connection, next, { timeoutMs });
    await ledgerWhen(world.house, (records) =>
      ofKind(records, 'contract_offered').some(({ body }) => body.connection === id),
    );
    await world.accept(id, next);
    const { answer, connection } = await done;
    expect(answer).toMatchObject({ status: 'served', check: { ok: true } });
    expect(connection.contract).toEqual(next);
    const again = await world.house.asService(connection);
    expect(await again.request('data.request', { fields: [address] })).toMatchObject({
      status: 'served',
    });
  });
});
