import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OwnerHands } from '../../service/conformance/owner-hands.ts';
import { type Result, rules, trySuite } from '../../service/conformance/suite.ts';
import type { Invite } from '../../wire/messages.ts';
import { type Owner, TestHouse } from '../harness.ts';
import { houseOwner } from './house-owner.ts';

describe('our own vault', () => {
  let house: TestHouse;
  let owner: Owner;
  let hands: OwnerHands;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    hands = houseOwner(house, owner);
  });
  afterAll(() => house?.destroy());

  it('keeps every rule of the standard', async () => {
    const invite = (await owner.served('owner.invite', { label: 'Conformance' })) as Invite;
    const waits = { patienceMs: 30_000, pauseMs: 50 };
    const results = await trySuite({ invite, owner: hands, waits });
    const others = results.filter(({ result }: Result) => result !== 'passed');
    expect(others).toEqual([]);
    expect(results).toHaveLength(rules.length);
  });
});
