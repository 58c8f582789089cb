/* When the owner is told of what others can cause at will: at once, and then counted for a while. */
import { beforeEach, expect, it } from 'vitest';
import type { Taken } from './lossy-world.ts';
import { hour, LossyWorld, minute } from './lossy-world.ts';

let world: LossyWorld;
beforeEach(async () => {
  world = await LossyWorld.create();
});

const told = ({ records }: Taken): readonly unknown[] =>
  records.flatMap(({ kind, body }) => (kind === 'notified' ? [[body.about, body.count]] : []));
const happens = async (about: 'unauthorised' | 'limit_reached' | 'contract_frozen') =>
  told(await world.happens({ about, connection: world.identity.connection }));
const due = async (): Promise<readonly unknown[]> => told(await world.tellHeld());

it('a rate warning comes once an hour, however often the limit is reached', async () => {
  expect(await happens('limit_reached')).toEqual([['limit_reached', 1]]);
  for (let minutes = 1; minutes < 60; minutes += 1) {
    world.now += minute;
    expect(await happens('limit_reached')).toEqual([]);
    expect(await due()).toEqual([]);
  }
  world.now += minute;
  expect(await due()).toEqual([['limit_reached', 59]]);
  expect(await due()).toEqual([]);
  world.now += 10 * hour;
  expect(await due()).toEqual([]);
});

it('what happens when the time is over is told with all that was counted before', async () => {
  await happens('unauthorised');
  world.now += 9 * minute;
  expect(await happens('unauthorised')).toEqual([]);
  world.now += minute;
  expect(await happens('unauthorised')).toEqual([['unauthorised', 2]]);
});

it('a vault that is opened again has forgotten nothing that it had counted', async () => {
  await happens('limit_reached');
  world.now += minute;
  await happens('limit_reached');
  world = await world.reopened();
  expect(await due()).toEqual([]);
  world.now += hour;
  expect(await due()).toEqual([['limit_reached', 1]]);
});

it('one thing is not counted to another, and what nobody can cause at will is always told', async () => {
  await happens('unauthorised');
  expect(await happens('limit_reached')).toEqual([['limit_reached', 1]]);
  expect(await happens('contract_frozen')).toEqual([['contract_frozen', 1]]);
  expect(await happens('contract_frozen')).toEqual([['contract_frozen', 1]]);
});
