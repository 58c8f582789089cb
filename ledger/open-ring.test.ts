import { describe, expect, it } from 'vitest';
import { encode } from '../wire/msgpack.ts';
import { Keyring } from './keyring.ts';
import type { RootSource } from './ring-root.ts';
import { fixedBytes, identity } from './testing/fixtures.ts';
import { filledRing } from './testing/ring-house.ts';
import type { RingWorld } from './testing/ring-world.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const never: RootSource = {
  rootOf: async () => {
    throw new Error('derived');
  },
  renew: () => Promise.reject(new Error('renewed')),
  newest: async () => 0,
  retire: async () => {},
};

/** Puts other bytes in the place of a value. */
function put(world: RingWorld, name: string, bytes: Uint8Array): void {
  world.values = world.values.map((value) => (value.name === name ? { ...value, bytes } : value));
}

describe('what a store gives back', () => {
  it('refuses values exchanged between names, lost, doubled, or out of order', async () => {
    const { world } = await filledRing();
    const [root, two, three, four] = world.values;
    if (!root || !two || !three || !four) throw new Error('four values');
    const refused = [
      [root, { ...two, bytes: three.bytes }, { ...three, bytes: two.bytes }, four],
      [root, three, two, four],
      [root, three, four],
      [root, two, two, three, four],
      [two, three, four],
      [root, two, three, { ...four, name: 'other' }],
    ];
    for (const values of refused) {
      world.values = values;
      await expect(world.unlock()).rejects.toEqual(code('RING_MALFORMED'));
    }
  });

  it('refuses any value with a byte flipped', async () => {
    const { world } = await filledRing();
    for (const { name, bytes } of [...world.values]) {
      for (let at = 0; at < bytes.length; at++) {
        put(world, name, bytes.with(at, (bytes[at] ?? 0) ^ 1));
        await expect(world.unlock()).rejects.toThrow();
      }
      put(world, name, bytes);
    }
    await world.unlock();
  });

  const nonce = fixedBytes('n', 24);
  it.each<[string, unknown]>([
    ['of another version', [encode([9, 5, nonce]), fixedBytes('b', 48)]],
    ['of another generation', [encode([1, 6, nonce]), fixedBytes('b', 48)]],
    ['with a short nonce', [encode([1, 5, fixedBytes('n', 12)]), fixedBytes('b', 48)]],
    ['with a part more in its header', [encode([1, 5, nonce, 1]), fixedBytes('b', 48)]],
    ['with a part more', [encode([1, 5, nonce]), fixedBytes('b', 48), 1]],
    ['whose header is no array', [encode(1), fixedBytes('b', 48)]],
    ['whose header is not msgpack', [Uint8Array.of(0xc1), fixedBytes('b', 48)]],
    ['that is no array', { entry: 1 }],
  ])('refuses an entry %s', async (_, entry) => {
    const { world } = await filledRing();
    world.values.push({ name: 'entry.5', bytes: encode(entry), sequence: 5 });
    await expect(world.unlock()).rejects.toEqual(code('RING_MALFORMED'));
  });

  const good = [1, 1, 'argon2id', 2, 19_456, 1, fixedBytes('salt', 16), 'file', 1];
  it.each<[string, number, unknown]>([
    ['another version', 0, 2],
    ['no generation', 1, 0],
    ['half a generation', 1, 1.5],
    ['another function', 2, 'scrypt'],
    ['no rounds', 3, 0],
    ['too many rounds', 3, 17],
    ['half a round', 3, 1.5],
    ['too much memory', 4, 2_000_000],
    ['negative memory', 4, -1],
    ['no lane', 5, 0],
    ['a salt that is text', 6, 'salt'],
    ['hardly any salt', 6, new Uint8Array(4)],
    ['a sealer without name', 7, null],
    ['no secret of the sealer', 8, 0],
  ])('refuses a root with %s, and derives nothing', async (_, position, value) => {
    const { world } = await filledRing();
    const header = [...good.with(position, value as never), fixedBytes('c'), nonce];
    put(world, 'root', encode([encode(header), fixedBytes('b', 48)]));
    const unlocking = Keyring.unlock(world.store, identity.id, never);
    await expect(unlocking).rejects.toEqual(code('RING_MALFORMED'));
  });
});
