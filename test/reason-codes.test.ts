import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicReason, type Reason, reasons } from '../wire/reasons.ts';
import { ReachWorld } from './reach-world.ts';
import { eventReaches } from './reached-by-events.ts';
import { ownerReaches } from './reached-by-owner.ts';

/**
 * Codes of things that this vault does not do yet: it has no lock of its own, is opened under whatever program
 * runs it, and stops, silent, when its ledger cannot be written. And nothing is known on which it fails (`internal`).
 */
const notYet = ['vault_locked', 'measurement_unapproved', 'audit_unavailable', 'internal'] as const;

/** How each code comes about, through real servers, a real vault and its handlers. */
const reaches: Readonly<
  Record<Exclude<Reason, (typeof notYet)[number]>, (world: ReachWorld) => Promise<void>>
> = { ...eventReaches, ...ownerReaches };

describe('every reason for a refusal', () => {
  let world: ReachWorld;
  beforeAll(async () => {
    world = await ReachWorld.create();
  });
  afterAll(() => world?.destroy());

  it('is in this table, but for those of things that no vault does yet', () => {
    const named = [...Object.keys(reaches), ...notYet];
    expect(named.toSorted()).toEqual([...reasons].toSorted());
  });

  it.each(Object.keys(reaches) as (keyof typeof reaches)[])(
    '%s is reached, recorded, and told as it may be told',
    async (reason) => {
      const before = await world.count(reason);
      world.told = undefined;
      await reaches[reason](world);
      await world.recorded(reason, before);
      if (world.told !== undefined)
        expect(world.told).toMatchObject({ status: 'refused', code: publicReason(reason) });
    },
  );
});
