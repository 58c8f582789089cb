import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { type Trace, traceOf } from './ledger-view.ts';

const address = 'personal/shipping_address';
const name = 'personal/full_name';
const phone = 'personal/phone_number';
const email = 'personal/email';

/** The retailer's contract with one more on-demand field, which the vault does not have. */
async function contract(): Promise<Contract> {
  const base = await retailer();
  const more = { name: email, tier: 'on_demand', purpose: 'fulfilment', retention: 'session' };
  return { ...base, fields: [...base.fields, more] as Contract['fields'] };
}

describe('a service asks the vault for data', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: name, value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    await owner.served('owner.set', { field: phone, value: '+44 20 7946 0000' });
    service = await house.connectService(owner, await contract());
  });
  afterAll(() => house?.destroy());

  /** One request, its answer, and what the ledger says about it. */
  async function ask(from: Service, fields: string[]): Promise<{ answer: Answer; trace: Trace }> {
    const { id, answer } = await from.asked('data.request', { fields });
    return { answer, trace: await traceOf(house, from.connection.invite.connection, id) };
  }

  it('is answered in each of its processes, also where they begin at the same moment', async () => {
    const twins = await Promise.all([1, 2, 3].map(() => house.asService(service.connection)));
    const answers = await Promise.all(
      [service, ...twins].flatMap((one) => [ask(one, [address]), ask(one, [address])]),
    );
    for (const { answer, trace } of answers) {
      expect(answer).toMatchObject({ status: 'served', check: { ok: true } });
      expect(trace.decided).toHaveLength(1);
    }
    await Promise.all(twins.map(({ client }) => client.close()));
  });

  it('gets an on-demand field, and the ledger holds the decision before the result', async () => {
    const { answer, trace } = await ask(service, [address]);
    expect(answer).toMatchObject({
      status: 'served',
      type: 'data.request',
      result: { fields: { [address]: '12 Analytical Row' }, refused: [] },
    });
    const [decision] = trace.decided;
    expect(trace.decided).toHaveLength(1);
    expect(decision).toMatchObject({ outcome: 'allowed', handler: 'data-request', again: false });
    expect(decision?.checks.map(({ check }) => check)).toEqual([
      ...['envelope', 'sender', 'freshness', 'connection', 'event_type', 'payload', 'contract'],
      ...['permission', 'fields', 'optional', 'retention', 'rate', 'tier'],
    ]);
    expect(trace.handled).toMatchObject([
      {
        code: 'ok',
        provided: [address],
        refused: [],
        accesses: [{ what: 'read', name: address, permitted: true }],
      },
    ]);
    expect(trace.answers).toHaveLength(1);
  });

  it('gets several fields at once, required ones among them', async () => {
    const { answer, trace } = await ask(service, [name, address]);
    const fields = { [name]: 'Ada Lovelace', [address]: '12 Analytical Row' };
    expect(answer).toMatchObject({ status: 'served', result: { fields, refused: [] } });
    expect(trace.handled[0]?.provided).toEqual([name, address]);
    const tier = trace.decided[0]?.checks.find(({ check }) => check === 'tier');
    expect(tier?.inputs).toEqual({ tiers: { [name]: 'required', [address]: 'on_demand' } });
  });

  it('sends nothing that no vault would read', async () => {
    const asking = service.request('data.request', { fields: ['x'.repeat(140_000)] });
    await expect(asking).rejects.toMatchObject({ name: 'ServiceError', code: 'TOO_LARGE' });
  });

  it('finds an absent field in `refused`, beside those that are served', async () => {
    const { answer, trace } = await ask(service, [address, email]);
    const fields = { [address]: '12 Analytical Row' };
    expect(answer).toMatchObject({ status: 'served', result: { fields, refused: [email] } });
    expect(trace.handled).toMatchObject([{ provided: [address], refused: [email] }]);
  });

  it('is refused when the vault has none of the fields', async () => {
    const { answer, trace } = await ask(service, [email]);
    expect(answer).toMatchObject({ status: 'refused', type: 'data.request', code: 'refused' });
    expect(trace.handled).toMatchObject([
      { code: 'dropped', reason: 'field_absent', provided: [], refused: [email] },
    ]);
  });

  it('is refused an optional field that the owner declined, and the handler never runs', async () => {
    const { answer, trace } = await ask(service, [address, phone]);
    expect(answer).toMatchObject({ status: 'refused', code: 'optional_declined' });
    expect(trace.decided).toMatchObject([{ outcome: 'denied', reason: 'optional_declined' }]);
    expect(trace.handled).toEqual([]);
  });

  it('gets an optional field that the owner accepted', async () => {
    const favoured = await house.connectService(owner, await contract(), [phone]);
    const { answer, trace } = await ask(favoured, [phone]);
    const fields = { [phone]: '+44 20 7946 0000' };
    expect(answer).toMatchObject({ status: 'served', result: { fields } });
    expect(trace.handled).toMatchObject([{ code: 'ok', provided: [phone] }]);
  });
});
