import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { RawPeer } from './raw-peer.ts';

const birth = 'personal/date_of_birth';
const behindMs = 300;

describe('a request that waits for the owner, at a vault whose timer is ahead of its records', () => {
  let house: TestHouse;
  let owner: Owner;

  beforeAll(async () => {
    house = await TestHouse.create();
    const wall = (): number => Date.now() - behindMs;
    await house.open({ time: { wall, monotonic: () => performance.now() } });
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
  });
  afterAll(() => house?.destroy());

  it('ends by itself as soon as its time is over, though nothing else happens', async () => {
    const { client, connection } = await house.connectService(owner, await retailer());
    await client.close();
    const peer = await RawPeer.connect(connection, house.vine.url);
    const held = peer.seal('data.request', { fields: [birth] }, { expires: Date.now() + 500 });
    expect((await peer.send(held)).answer).toMatchObject({ status: 'pending' });
    const { answer } = await peer.answer(held.id, 1);
    expect(answer).toMatchObject({ status: 'refused', code: 'consent_expired' });
    await peer.close();
  });
});
