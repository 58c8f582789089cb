import { describe, expect, it } from 'vitest';
import { Keyring } from './keyring.ts';
import type { RootSource } from './ring-root.ts';
import { fixedBytes, identity } from './testing/fixtures.ts';
import { filledRing } from './testing/ring-house.ts';
import { RingWorld } from './testing/ring-world.ts';

const code = (value: string) => expect.objectContaining({ code: value });
function bytesOf(world: RingWorld, name: string): Uint8Array {
  return world.values.find((value) => value.name === name)?.bytes ?? new Uint8Array(0);
}

describe('a keyring', () => {
  it('gives its keys back after it was unlocked again', async () => {
    const { world, ring, gone, stays } = await filledRing();
    const again = await world.unlock();
    for (const scope of [gone, stays]) {
      expect(scope).toMatch(/^[0-9a-f]{32}$/);
      expect(again.scopeKey(scope)).toHaveLength(32);
      expect(again.scopeKey(scope)).toEqual(ring.scopeKey(scope));
    }
    expect(again.secret('signing')).toEqual(fixedBytes('signing'));
    expect(again.secretNames()).toEqual(['signing']);
    expect(again.state()).toEqual(ring.state());
    expect(again.scopeKey('00')).toBeUndefined();
    expect(() => again.secret('none')).toThrow(code('KEY_MISSING'));
  });

  it('keeps no key in the clear, nor the name of one', async () => {
    const { world, ring, gone, stays } = await filledRing();
    const all = Buffer.concat(
      world.values.flatMap(({ name, bytes }) => [Buffer.from(name), bytes]),
    );
    for (const scope of [gone, stays]) {
      expect(all.includes(Buffer.from(ring.scopeKey(scope) ?? []))).toBe(false);
      expect(all.includes(scope)).toBe(false);
      expect(all.includes(Buffer.from(scope, 'hex'))).toBe(false);
    }
    expect(all.includes(Buffer.from(fixedBytes('signing')))).toBe(false);
    expect(all.includes('signing')).toBe(false);
  });

  it('does not open with another passphrase, another secret, or as the ring of another ledger', async () => {
    const { world } = await filledRing();
    const locked = code('RING_LOCKED');
    await expect(world.unlock('wrong')).rejects.toEqual(locked);
    await expect(world.unlock('right', fixedBytes('x', 16))).rejects.toEqual(locked);
    world.secrets.set(1, fixedBytes('other'));
    await expect(world.unlock()).rejects.toEqual(locked);
  });

  it('is there before it has a key', async () => {
    const world = new RingWorld();
    await world.create();
    await expect(world.unlock('wrong')).rejects.toEqual(code('RING_LOCKED'));
    expect((await world.unlock()).secretNames()).toEqual([]);
  });

  it('is not made where there is one', async () => {
    const { world } = await filledRing();
    await expect(world.create()).rejects.toEqual(code('FENCED'));
    await world.unlock();
  });

  it('has no room for more keys than a root can take', async () => {
    const { world, ring } = await filledRing();
    world.valueBytesMax = 2_000;
    const full = async () => {
      for (;;) await ring.createScope();
    };
    await expect(full()).rejects.toEqual(code('TOO_LARGE'));
    await ring.changePassphrase(world.roots('other'));
    expect(bytesOf(world, 'root').length).toBeGreaterThan(1_200);
  });
});

describe('the state of a ring', () => {
  it('counts changes, and still holds for later ones', async () => {
    const { world, ring } = await filledRing();
    const recorded = ring.state();
    expect(recorded.generation).toBe(4);
    await ring.createScope();
    expect(() => ring.expect(recorded)).not.toThrow();
    const again = await world.unlock();
    expect(() => again.expect(recorded)).not.toThrow();
    expect(again.state().generation).toBe(5);
  });

  it('shows a ring that was rolled back, or is another one', async () => {
    const { world, ring } = await filledRing();
    const earlier = [...world.values];
    await ring.createScope();
    const recorded = ring.state();
    const rolledBack = code('RING_ROLLED_BACK');
    world.values = earlier;
    world.last = 4;
    const old = await world.unlock();
    expect(() => old.expect(recorded)).toThrow(rolledBack);
    // One more change gives it the same generation, but not the same hash.
    await old.createScope();
    expect(old.state().generation).toBe(recorded.generation);
    expect(() => old.expect(recorded)).toThrow(rolledBack);
  });

  it('is never two for one generation, also when keys are added side by side', async () => {
    const { world, ring } = await filledRing();
    const states = new Map<number, string>();
    const note = () => {
      const { generation, hash } = ring.state();
      const seen = Buffer.from(hash).toString('hex');
      expect(states.get(generation) ?? seen).toBe(seen);
      states.set(generation, seen);
    };
    await Promise.all(Array.from({ length: 8 }, () => ring.createScope().then(note)));
    expect(ring.state().generation).toBe(12);
    expect((await world.unlock()).state()).toEqual(ring.state());
  });
});

describe('a key whose keeping was answered with an error', () => {
  it('is there when it was kept after all', async () => {
    const { world, ring } = await filledRing();
    world.crash = { at: world.effects + 1, how: 'after' };
    const scope = await ring.createScope();
    world.crash = undefined;
    expect((await world.unlock()).scopeKey(scope)).toEqual(ring.scopeKey(scope));
    await ring.createScope();
  });

  it.each([
    ['was not kept', 'before', false],
    ['cannot be looked for', 'after', true],
    ['comes late', 'late', false],
  ] as const)('closes the ring for more when it %s', async (_, how, readFails) => {
    const { world, ring } = await filledRing();
    const recorded = ring.state();
    world.crash = { at: world.effects + 1, how };
    world.readFails = readFails;
    await expect(ring.createScope()).rejects.toEqual(code('STORE_UNAVAILABLE'));
    world.crash = undefined;
    world.readFails = false;
    await expect(ring.createScope()).rejects.toEqual(code('STORE_UNAVAILABLE'));
    await expect(ring.forget([])).rejects.toEqual(code('STORE_UNAVAILABLE'));
    expect(ring.state()).toEqual(recorded);
    const again = await world.unlock();
    expect(() => again.expect(recorded)).not.toThrow();
    await again.createScope();
    world.arrive();
    expect((await world.unlock()).state()).toEqual(again.state());
  });

  it('closes the ring of a writer who came too late', async () => {
    const { world, ring } = await filledRing();
    await (await world.unlock()).createScope();
    await expect(ring.addSecret('new', fixedBytes('s'))).rejects.toEqual(code('FENCED'));
    await expect(ring.forget([])).rejects.toEqual(code('FENCED'));
  });
});

describe('closing a ring', () => {
  it('overwrites every key that it handed out, and the root that it was given', async () => {
    const root = fixedBytes('root');
    const world = new RingWorld();
    const roots: RootSource = { ...world.roots(), rootOf: async () => root };
    const ring = await Keyring.create(world.store, identity.id, roots);
    expect(root).toEqual(new Uint8Array(32));
    const scope = await ring.createScope();
    const given = fixedBytes('signing');
    await ring.addSecret('signing', given);
    const [key, secret] = [ring.scopeKey(scope), ring.secret('signing')];
    ring.close();
    expect(key).toEqual(new Uint8Array(32));
    expect(secret).toEqual(new Uint8Array(32));
    expect(given).toEqual(fixedBytes('signing'));
    expect(ring.scopeKey(scope)).toBeUndefined();
  });

  it('lets nothing be changed after it, nor sealed under the overwritten key', async () => {
    const { world, ring, gone } = await filledRing();
    const { last, effects } = world;
    ring.close();
    const closed = code('CLOSED');
    await expect(ring.createScope()).rejects.toEqual(closed);
    await expect(ring.forget([gone])).rejects.toEqual(closed);
    await expect(ring.changePassphrase(world.roots('other'))).rejects.toEqual(closed);
    await expect(ring.settle()).rejects.toEqual(closed);
    expect([world.last, world.effects]).toEqual([last, effects]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'in the middle of a change (after %i turns of the loop) leaves a ring that opens',
    async (turns) => {
      const { world, ring, gone, stays, goneKey, staysKey } = await filledRing();
      const changing = [ring.createScope(), ring.forget([gone]), ring.createScope()];
      const settled = Promise.allSettled(changing);
      for (let turn = 0; turn < turns * 2; turn++) await Promise.resolve();
      ring.close();
      await settled;
      const again = await world.unlock();
      expect([goneKey, undefined]).toContainEqual(again.scopeKey(gone));
      expect(again.scopeKey(stays)).toEqual(staysKey);
      await again.settle();
      expect([...world.secrets.keys()]).toHaveLength(1);
    },
  );

  it('refuses a name that the ring has already, and stays open', async () => {
    const { ring } = await filledRing();
    await expect(ring.addSecret('signing', fixedBytes('s'))).rejects.toThrow(RangeError);
    await ring.createScope();
  });
});
