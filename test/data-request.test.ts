import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';

describe('a service asks the vault for data', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', {
      field: 'personal/shipping_address',
      value: '12 Analytical Row',
    });
    await owner.served('owner.set', { field: 'personal/date_of_birth', value: '1815-12-10' });
    service = await house.connectService(owner, await retailer());
  });
  afterAll(() => house?.destroy());

  it('gets an on-demand field', async () => {
    const answer = await service.request('data.request', { fields: ['personal/shipping_address'] });
    expect(answer).toMatchObject({
      status: 'served',
      result: { fields: { 'personal/shipping_address': '12 Analytical Row' }, refused: [] },
    });
  });
});
