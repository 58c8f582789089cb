import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { evolve } from '../projections/evolve.ts';
import { stateDigest } from '../projections/state-digest.ts';
import { emptyState } from '../projections/vault-state.ts';
import { checkDecisions } from '../replay/check-decisions.ts';
import { replayed } from '../replay/testing/records.ts';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import { encode, type MsgpackValue } from '../wire/msgpack.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ofKind, readLedger, traceOf, trailOf } from './ledger-view.ts';

const secret = 'a gift voucher that nobody else may ever read';

describe('a service that may store entries', () => {
  let house: TestHouse;
  let owner: Owner;
  let contract: Contract;
  let shop: Service;
  let other: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    const base = await retailer();
    contract = {
      ...base,
      permissions: { ...base.permissions, store: true },
      limits: { requests_per_hour: 60, burst: 1000 },
      storage: { categories: ['orders', 'vouchers'], megabytes: 1 },
    };
    shop = await house.connectService(owner, contract);
    other = await house.connectService(owner, contract);
  });
  afterAll(() => house?.destroy());

  const say = (by: Service, type: string, payload: unknown): Promise<Answer> => {
    const critical = type === 'storage.put' || type === 'storage.delete';
    return by.request(type, payload, { critical });
  };
  const put = (by: Service, key: string, value: unknown, category = 'orders'): Promise<Answer> =>
    say(by, 'storage.put', { category, key, value });
  const get = (by: Service, key: string, category = 'orders'): Promise<Answer> =>
    say(by, 'storage.get', { category, key });
  const served = (result: object) => ({ status: 'served', result });
  const refused = (code: string) => ({ status: 'refused', code });

  async function state(records?: readonly LedgerRecord[]) {
    return (records ?? (await readLedger(house))).reduce(evolve, emptyState);
  }

  it('reads back what it stored, replaces it and deletes it, across a restart', async () => {
    expect(await put(shop, 'A-1', 'one')).toMatchObject(served({ category: 'orders', key: 'A-1' }));
    expect(await get(shop, 'A-1')).toMatchObject(served({ value: 'one' }));
    await put(shop, 'A-1', 'two');
    await house.closeVault();
    await house.open();
    expect(await get(shop, 'A-1')).toMatchObject(served({ value: 'two' }));
    await put(shop, 'A-2', '');
    expect(await say(shop, 'storage.list', { category: 'orders' })).toMatchObject(
      served({ keys: ['A-1', 'A-2'], more: false }),
    );
    await say(shop, 'storage.delete', { category: 'orders', key: 'A-1' });
    expect(await get(shop, 'A-1')).toMatchObject(served({ value: null }));
    expect(await get(shop, 'A-2')).toMatchObject(served({ value: '' }));
  });

  it('gets at nothing of another party’s, whatever it asks', async () => {
    await put(other, 'gift', secret, 'vouchers');
    expect(await get(shop, 'gift', 'vouchers')).toMatchObject(served({ value: null }));
    expect(await say(shop, 'storage.list', { category: 'vouchers' })).toMatchObject(
      served({ keys: [], more: false }),
    );
    const id = other.connection.invite.connection;
    for (const key of [`${id}/vouchers/gift`, '../gift', `../${id}/vouchers/gift`, '*', '>'])
      expect(await get(shop, key, 'vouchers')).toMatchObject(refused('schema_invalid'));
    for (const category of [`${id}/vouchers`, '', '..'])
      expect(await get(shop, 'gift', category)).toMatchObject(refused('schema_invalid'));
    const more = { category: 'vouchers', key: 'gift', connection: id };
    expect(await say(shop, 'storage.get', more)).toMatchObject(refused('schema_invalid'));
    await put(shop, 'gift', 'mine', 'vouchers');
    await say(shop, 'storage.delete', { category: 'vouchers', key: 'gift' });
    expect(await get(other, 'gift', 'vouchers')).toMatchObject(served({ value: secret }));
    const asField = await shop.request('data.request', { fields: ['vouchers/gift'] });
    expect(asField).toMatchObject(refused('field_not_in_contract'));
  });

  it('stores nothing in a category that its contract does not name, or without the permission', async () => {
    expect(await put(shop, 'x', 'y', 'diary')).toMatchObject(refused('category_not_allowed'));
    expect(await get(shop, 'x', 'diary')).toMatchObject(refused('category_not_allowed'));
    const permissions = { ...contract.permissions, store: false };
    const poor = await house.connectService(owner, { ...contract, permissions });
    for (const type of ['storage.put', 'storage.get', 'storage.delete']) {
      const value = type === 'storage.put' ? { value: 'y' } : {};
      const answer = await say(poor, type, { category: 'orders', key: 'x', ...value });
      expect(answer).toMatchObject(refused('permission_missing'));
    }
    expect(await say(poor, 'storage.list', { category: 'orders' })).toMatchObject(
      refused('permission_missing'),
    );
  });

  it('stores no more than its contract says, and deleting makes room', async () => {
    const full = await house.connectService(owner, contract);
    const large = 'x'.repeat(65_000);
    for (let at = 0; at < 15; at++)
      expect((await put(full, `k${at}`, large)).status).toBe('served');
    expect(await put(full, 'k15', large)).toMatchObject(refused('storage_quota'));
    expect((await put(full, 'k14', large)).status).toBe('served');
    await say(full, 'storage.delete', { category: 'orders', key: 'k0' });
    expect((await put(full, 'k15', large)).status).toBe('served');
    const found = await state();
    const mine = found.connections.get(full.connection.invite.connection);
    // 65,000 bytes each with category and overhead, and keys from k1 to k15.
    expect(mine?.stored?.bytes).toBe(15 * (65_000 + 'orders'.length + 64) + 9 * 2 + 6 * 3);
  });

  it('many at once that would fit one by one: none is stored beyond the limit', async () => {
    const greedy = await house.connectService(owner, contract);
    const value = 'x'.repeat(65_000);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => put(greedy, `k${at}`, value)),
    );
    expect(answers.filter(({ status }) => status === 'served')).toHaveLength(15);
    const found = await state();
    const mine = found.connections.get(greedy.connection.invite.connection);
    expect(mine?.stored?.bytes).toBeLessThanOrEqual(1_000_000);
  });

  it.each([
    ['a value that is no text', { category: 'orders', key: 'x', value: 7 }, 'schema_invalid'],
    ['no value', { category: 'orders', key: 'x' }, 'schema_invalid'],
    ['more beside it', { category: 'orders', key: 'x', value: 'v', note: 'n' }, 'schema_invalid'],
    ['a value in the key', { category: 'orders', key: `/${secret}`, value: 'v' }, 'schema_invalid'],
    ['a long value', { category: 'orders', key: 'x', value: 'ä'.repeat(32_769) }, 'too_large'],
  ])('is refused %s', async (_, payload, code) => {
    expect(await say(shop, 'storage.put', payload)).toMatchObject(refused(code));
  });

  it('leaves its values in records of their own and in no other, and names in the trail', async () => {
    const sealed = await shop.seal('storage.put', { category: 'orders', key: 'K', value: secret });
    await shop.client.askSealed(sealed, { critical: true, timeoutMs: 15_000 });
    const misplaced = 'a value in the wrong place';
    await say(shop, 'storage.put', { category: misplaced, key: misplaced, value: [misplaced] });
    expect(await get(shop, 'K')).toMatchObject(served({ value: secret }));
    const records = await readLedger(house);
    for (const { kind, index, body } of records) {
      if (kind === 'value_received') continue;
      const bytes = Buffer.from(encode(body as unknown as MsgpackValue));
      for (const value of [secret, misplaced])
        expect(bytes.includes(value), `record ${index}, ${kind}`).toBe(false);
    }
    const trail = trailOf(records);
    expect(JSON.stringify(trail)).not.toContain(secret);
    const entry = trail.find(({ event }) => event === sealed.id);
    expect(entry).toMatchObject({ type: 'storage.put', decision: 'approved', detail: 'orders/K' });
    const id = shop.connection.invite.connection;
    const { handled } = await traceOf(house, id, sealed.id);
    expect(handled).toMatchObject([{ code: 'ok', effects: [{ type: 'entry.stored' }] }]);
    expect(house.logged.join('\n')).not.toContain(secret);
    const scopes = (kind: LedgerRecord['kind']): Set<string> =>
      new Set(records.filter((record) => record.kind === kind).map(({ scope }) => scope));
    const own = scopes('value_received');
    for (const kind of ['received', 'decided', 'handled', 'queued', 'stored'] as const)
      for (const scope of scopes(kind)) expect(own).not.toContain(scope);
  });

  it('deciding again on the whole history gives what was decided', async () => {
    const report = await checkDecisions(replayed(await readLedger(house)));
    expect(report.differences).toEqual([]);
  });

  it('forgotten, its entries are gone for good, and the connection and the others’ entries stay', async () => {
    const { connection } = shop.connection.invite;
    const before = await state();
    const scope = before.connections.get(connection)?.stored?.scope ?? '';
    await owner.served('owner.forget', { kind: 'entries', name: connection });
    expect(await get(shop, 'K')).toMatchObject(served({ value: null }));
    expect(await get(other, 'gift', 'vouchers')).toMatchObject(served({ value: secret }));
    const records = await readLedger(house);
    const lost = records.filter((record) => record.scope === scope);
    expect(new Set(lost.map(({ kind }) => kind))).toEqual(new Set(['tombstone']));
    expect(ofKind(records, 'erased').at(-1)?.body.what).toEqual({
      kind: 'entries',
      name: connection,
    });
    await put(shop, 'K', 'anew');
    expect(await get(shop, 'K')).toMatchObject(served({ value: 'anew' }));
    await house.closeVault();
    await house.open();
    expect(await get(shop, 'K')).toMatchObject(served({ value: 'anew' }));
    const found = await state();
    expect(found.connections.get(connection)?.stored?.bytes).toBe(64 + 'ordersK'.length + 4);
    expect(stateDigest(found).total).toMatch(/^[0-9a-f]{64}$/);
  });

  it('a connection that is forgotten takes its entries with it', async () => {
    const { connection } = other.connection.invite;
    const scope = (await state()).connections.get(connection)?.stored?.scope;
    await owner.served('owner.sever', { connection });
    await owner.served('owner.forget', { kind: 'connection', name: connection });
    const records = await readLedger(house);
    const lost = records.filter((record) => record.scope === scope);
    expect(new Set(lost.map(({ kind }) => kind))).toEqual(new Set(['tombstone']));
    expect([...(await state(records)).entries.keys()].join()).not.toContain(connection);
  });
});
