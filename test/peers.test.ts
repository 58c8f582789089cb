/* Vault to vault, on two vines: two houses, each with real servers of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Home } from './neighbours.ts';
import { until } from './neighbours.ts';
import { address, asked, home, knocked, name, peers, seen } from './peer-world.ts';

let alice: Home;
let bob: Home;

beforeAll(async () => {
  alice = await home('Alice');
  bob = await home('Bob');
});

afterAll(async () => {
  expect(alice.house.failures).toEqual([]);
  expect(bob.house.failures).toEqual([]);
  await alice.house.destroy();
  await bob.house.destroy();
});

describe('two vaults on two vines', () => {
  it('are connected when the one has reached out and the other has said yes', async () => {
    const [there, here] = await peers(alice, bob);
    expect(await seen(alice, there)).toMatchObject({ kind: 'peer', status: 'active', name: 'Bob' });
    expect(await seen(bob, here)).toMatchObject({ kind: 'peer', status: 'active', name: 'Alice' });
  });

  it('share nothing until their owners say so', async () => {
    const [there, here] = await peers(alice, bob);
    const wants = { fields: [name] };
    expect(await asked(bob, here, 'data.request', wants)).toMatchObject({
      status: 'refused',
      code: 'field_not_in_contract',
    });
    await alice.owner.served('owner.share', {
      connection: there,
      fields: [name],
      consent: [],
      types: [],
    });
    expect(await asked(bob, here, 'data.request', wants)).toMatchObject({
      status: 'served',
      result: { fields: { [name]: 'Alice' }, refused: [] },
    });
    // What the one shares says nothing about the other.
    expect(await asked(alice, there, 'data.request', wants)).toMatchObject({
      status: 'refused',
      code: 'field_not_in_contract',
    });
  });

  it('are not, where the other owner says no', async () => {
    const [there, here] = await knocked(alice, bob);
    await alice.owner.served('owner.decline', { connection: there });
    await until(async () => (await seen(bob, here))?.status === 'declined');
  });
});
