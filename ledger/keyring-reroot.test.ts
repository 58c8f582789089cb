import { describe, expect, it } from 'vitest';
import { Keyring } from './keyring.ts';
import { fixedBytes, identity } from './testing/fixtures.ts';
import { attack, filledRing, opening } from './testing/ring-house.ts';

const code = (value: string) => expect.objectContaining({ code: value });

describe('forgetting a scope', () => {
  it('destroys its key, and leaves every other one as it was', async () => {
    const { world, ring, gone, stays, goneKey, staysKey } = await filledRing();
    const handedOut = ring.scopeKey(gone);
    await ring.forget([gone]);
    expect(handedOut).toEqual(new Uint8Array(32));
    const again = await world.unlock();
    for (const each of [ring, again]) {
      expect(each.scopeKey(gone)).toBeUndefined();
      expect(each.scopeKey(stays)).toEqual(staysKey);
      expect(each.secret('signing')).toEqual(fixedBytes('signing'));
    }
    expect(goneKey).not.toEqual(new Uint8Array(32));
  });

  it('leaves one value in the store, and one secret at the sealer, which is new', async () => {
    const { world, ring, gone } = await filledRing();
    const before = world.secrets.get(1);
    await ring.forget([gone]);
    expect(world.values.map(({ name }) => name)).toEqual(['root']);
    expect([...world.secrets.keys()]).toEqual([2]);
    expect(world.secrets.get(2)).not.toEqual(before);
  });

  it('is of no help to whoever has the earlier ring, the passphrase, and all that there is now', async () => {
    const { world, ring, gone, staysKey } = await filledRing();
    const earlier = [...world.values];
    expect(await attack(world, earlier)).toContainEqual(staysKey);
    await ring.forget([gone]);
    expect(await attack(world, earlier)).toEqual([]);
    expect(await attack(world, world.values)).toContainEqual(staysKey);
  });

  it('goes on with a ring that takes keys, one after another', async () => {
    const { world, ring, gone, stays } = await filledRing();
    const [first, , third] = await Promise.all([
      ring.createScope(),
      ring.forget([gone]),
      ring.createScope(),
      ring.forget([stays]),
    ]);
    await ring.createScope();
    const again = await world.unlock();
    expect(again.state()).toEqual(ring.state());
    expect(ring.state().generation).toBe(9);
    for (const scope of [first, third]) expect(again.scopeKey(scope)).toHaveLength(32);
    for (const scope of [gone, stays]) expect(again.scopeKey(scope)).toBeUndefined();
  });

  it('does nothing to a ring without that scope', async () => {
    const { world, ring, gone } = await filledRing();
    await ring.forget([gone]);
    const [state, { effects }] = [ring.state(), world];
    await ring.forget([gone, 'never', '']);
    expect(ring.state()).toEqual(state);
    expect(world.effects).toBe(effects);
  });

  it('removes secrets in the same way', async () => {
    const { world, ring } = await filledRing();
    await ring.addSecret('signing.2', fixedBytes('2'));
    const earlier = [...world.values];
    await ring.removeSecrets(['signing', 'none']);
    expect(ring.secretNames()).toEqual(['signing.2']);
    expect(() => ring.secret('signing')).toThrow(code('KEY_MISSING'));
    expect(await attack(world, earlier)).toEqual([]);
  });
});

describe('another passphrase', () => {
  it('opens the ring, and the one before opens nothing, nor the earlier ring', async () => {
    const { world, ring, gone, goneKey } = await filledRing();
    const earlier = [...world.values];
    await ring.changePassphrase(world.roots('other'));
    expect(await opening(world)).toEqual(['other']);
    expect((await world.unlock('other')).scopeKey(gone)).toEqual(goneKey);
    expect(await attack(world, earlier)).toEqual([]);
  });

  it('is what the next root is made from', async () => {
    const { world, ring, gone } = await filledRing();
    await ring.changePassphrase(world.roots('other'));
    await ring.forget([gone]);
    expect(await opening(world)).toEqual(['other']);
  });
});

describe('the state of a ring with a new root', () => {
  it('goes on counting, and what was recorded before still holds', async () => {
    const { world, ring, gone, stays } = await filledRing();
    const before = ring.state();
    await ring.forget([gone]);
    const after = ring.state();
    expect(after.generation).toBe(before.generation + 1);
    await ring.createScope();
    await ring.forget([stays]);
    for (const each of [ring, await world.unlock()])
      for (const recorded of [before, after]) expect(() => each.expect(recorded)).not.toThrow();
  });

  it('shows a ring of the same root that was rolled back, and one with another root', async () => {
    const { world, ring, gone } = await filledRing();
    await ring.forget([gone]);
    const { values } = world;
    const root = ring.state().generation;
    await ring.createScope();
    const recorded = ring.state();
    const rolledBack = code('RING_ROLLED_BACK');
    world.values = values;
    const old = await world.unlock();
    expect(() => old.expect(recorded)).toThrow(rolledBack);
    expect(() => old.expect({ generation: root, hash: fixedBytes('x') })).toThrow(rolledBack);
  });
});

describe('unlocking beside a vault that runs', () => {
  it('begins again when the root is changed meanwhile', async () => {
    const { world, ring, gone } = await filledRing();
    const roots = world.roots();
    const slow = {
      ...roots,
      rootOf: async (recipe: Parameters<typeof roots.rootOf>[0]) => {
        if (recipe.sealerGeneration === 1) await ring.forget([gone]);
        return roots.rootOf(recipe);
      },
    };
    const read = await Keyring.unlock(world.store, identity.id, slow);
    expect(read.state()).toEqual(ring.state());
    expect(read.scopeKey(gone)).toBeUndefined();
  });
});
