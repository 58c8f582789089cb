import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicReason, type Reason, reasons } from '../wire/reasons.ts';
import { ReachWorld } from './reach-world.ts';
import { eventReaches } from './reached-by-events.ts';
import { ownerReaches } from './reached-by-owner.ts';

/** Codes that need a vault of their own, which fails or is shut: the tests that reach them. */
const elsewhere = {
  vault_locked: 'closed-door.test.ts',
  measurement_unapproved: 'closed-door.test.ts',
  audit_unavailable: 'closed-door.test.ts',
  internal: 'delivery.test.ts',
} as const satisfies Partial<Record<Reason, string>>;

/** How each code comes about, through real servers, a real vault and its handlers. */
const reaches: Readonly<
  Record<Exclude<Reason, keyof typeof elsewhere>, (world: ReachWorld) => Promise<void>>
> = { ...eventReaches, ...ownerReaches };

describe('every reason for a refusal', () => {
  let world: ReachWorld;
  beforeAll(async () => {
    world = await ReachWorld.create();
  });
  afterAll(() => world?.destroy());

  it('is in one of these tables', () => {
    const named = [...Object.keys(reaches), ...Object.keys(elsewhere)];
    expect(named.toSorted()).toEqual([...reasons].toSorted());
  });

  it.each(Object.entries(elsewhere))('%s is reached in %s', async (reason, file) => {
    expect(await readFile(new URL(file, import.meta.url), 'utf8')).toContain(`'${reason}'`);
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
