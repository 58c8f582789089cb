import { describe, expect, it } from 'vitest';
import type { Keyring } from './keyring.ts';
import { fixedBytes } from './testing/fixtures.ts';
import { attack, filledRing, opening, type RingHouse } from './testing/ring-house.ts';
import type { Crash } from './testing/ring-world.ts';

const code = (value: string) => expect.objectContaining({ code: value });

/** Where a change of the root can be cut short: at the sealer, at the store, at the sealer again. */
const crashes: Crash[] = [1, 2, 3].flatMap((at) =>
  (['before', 'after', 'late'] as const)
    .filter((how) => how !== 'late' || at === 2)
    .map((how) => ({ at, how })),
);
/** When what comes late arrives, if it does. */
const arrivals = ['never', 'before unlocking', 'before settling', 'after settling'] as const;
const cases = crashes.flatMap((crash) =>
  arrivals
    .filter((arrival) => arrival === 'never' || crash.how === 'late')
    .map((arrival) => ({ ...crash, arrival })),
);

type Case = Crash & { readonly arrival: (typeof arrivals)[number] };

/** A crash, and a process after it that opens the ring for writing. */
async function crashAndOpen(
  { world, ring }: RingHouse,
  { at, how, arrival }: Case,
  change: (ring: Keyring) => Promise<unknown>,
): Promise<Keyring> {
  const recorded = ring.state();
  world.crash = { at: world.effects + at, how };
  // A write that is found to have been made is one that succeeded; the next effect does not come about.
  await expect(change(ring)).rejects.toThrow();
  world.crash = undefined;
  if (arrival === 'before unlocking') world.arrive();
  const [passphrase, ...others] = await opening(world);
  expect(others).toEqual([]);
  let again = await world.unlock(passphrase);
  again.expect(recorded);
  if (arrival === 'before settling') {
    world.arrive();
    await expect(again.settle()).rejects.toEqual(code('FENCED'));
    const [now] = await opening(world);
    again = await world.unlock(now);
    again.expect(recorded);
  }
  await again.settle();
  if (arrival === 'after settling') world.arrive();
  return again;
}

async function expectSettled({ world, stays, staysKey }: RingHouse, ring: Keyring): Promise<void> {
  const [passphrase, ...others] = await opening(world);
  expect(others).toEqual([]);
  const again = await world.unlock(passphrase);
  expect(again.state()).toEqual(ring.state());
  expect(again.scopeKey(stays)).toEqual(staysKey);
  expect(again.secret('signing')).toEqual(fixedBytes('signing'));
  expect(world.secrets.size).toBe(1);
  await ring.createScope();
}

describe('a crash while a scope is forgotten', () => {
  it.each(cases)(
    '$how effect $at, arriving $arrival: it is there or gone, and then gone',
    async (each) => {
      const house = await filledRing();
      const { world, gone, goneKey } = house;
      const earlier = [...world.values];
      const ring = await crashAndOpen(house, each, (first) => first.forget([gone]));
      await expectSettled(house, ring);
      expect([goneKey, undefined]).toContainEqual(ring.scopeKey(gone));
      await ring.forget([gone]);
      expect(ring.scopeKey(gone)).toBeUndefined();
      await expectSettled(house, ring);
      expect(await attack(world, earlier)).toEqual([]);
    },
  );
});

describe('a crash while the passphrase is changed', () => {
  it.each(cases)('$how effect $at, arriving $arrival: one passphrase opens it', async (each) => {
    const house = await filledRing();
    const { world, gone, goneKey } = house;
    const earlier = [...world.values];
    const change = (ring: Keyring) => ring.changePassphrase(world.roots('other'));
    const ring = await crashAndOpen(house, each, change);
    await expectSettled(house, ring);
    expect(ring.scopeKey(gone)).toEqual(goneKey);
    await change(ring);
    await expectSettled(house, ring);
    expect(await opening(world)).toEqual(['other']);
    expect(await attack(world, earlier)).toEqual([]);
  });
});

describe('settling', () => {
  it('takes away what the store shows again before the root', async () => {
    const { world, ring, gone } = await filledRing();
    const earlier = [...world.values];
    await ring.forget([gone]);
    world.values = [...earlier, ...world.values];
    const again = await world.unlock();
    expect(again.scopeKey(gone)).toBeUndefined();
    expect(again.state()).toEqual(ring.state());
    await again.settle();
    expect(world.values.map(({ name }) => name)).toEqual(['root']);
  });

  it('survives a crash of its own, at any effect, again and again', async () => {
    for (const at of [1, 2, 3])
      for (const how of ['before', 'after', 'late'] as const) {
        const house = await filledRing();
        const { world, ring, gone } = house;
        world.crash = { at: world.effects + 2, how: 'before' };
        await expect(ring.forget([gone])).rejects.toThrow();
        for (let round = 0; round < 3; round++) {
          world.crash = { at: world.effects + at, how };
          await (await world.unlock()).settle().catch(() => undefined);
          world.crash = undefined;
          world.arrive();
        }
        const last = await world.unlock();
        await last.settle();
        await expectSettled(house, last);
      }
  });

  it('changes nothing where nothing was interrupted', async () => {
    const { world, ring } = await filledRing();
    const { effects } = world;
    await ring.settle();
    expect(world.effects).toBe(effects);
  });
});
