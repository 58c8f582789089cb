/* Agents and their owner: a real vault, its servers and its handlers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, address, agentOf, asks, grant, held, name } from './agent-world.ts';
import { TestHouse } from './harness.ts';
import type { Home } from './neighbours.ts';

const shop = 'shop.example';

let home: Home;
let agent: Agent;

beforeAll(async () => {
  const house = await TestHouse.create();
  await house.open();
  home = { house, owner: await house.owner() };
  await home.owner.served('owner.set', { field: name, value: 'Ada' });
  await home.owner.served('owner.set', { field: address, value: 'Elm Street 1' });
  agent = await agentOf(home, grant());
});

afterAll(async () => {
  await agent.service.close();
  await home.house.destroy();
  expect(home.house.failures).toEqual([]);
});

describe('an agent that its owner has let in', () => {
  it('is served what a scope gives without asking', async () => {
    expect(await asks(agent, [name], shop)).toMatchObject({
      status: 'served',
      result: { fields: { [name]: 'Ada' }, refused: [] },
    });
  });

  it('waits for the owner where a scope asks, and is served when they say yes', async () => {
    const answer = agent.vault.request('data.request', { fields: [address], target: shop });
    await expect.poll(async () => (await held(home)).request).toBeTruthy();
    await home.owner.served(
      'owner.approve',
      await held(home).then(({ request, hash }) => ({ request, hash })),
    );
    expect(await answer).toMatchObject({
      status: 'served',
      result: { fields: { [address]: 'Elm Street 1' } },
    });
  });
});
