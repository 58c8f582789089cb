import { describe, expect, it } from 'vitest';
import { encode } from '../wire/msgpack.ts';
import { Keyring, type RootFor, type RootRecipe } from './keyring.ts';
import type { RingStore } from './ring-store.ts';
import { fixedBytes, identity } from './testing/fixtures.ts';

const recipe: RootRecipe = {
  kdf: 'argon2id',
  timeCost: 2,
  memoryKiB: 19_456,
  lanes: 1,
  salt: fixedBytes('salt', 16),
  sealer: 'file',
};

/** A ring store in memory. */
class MemoryRing implements RingStore {
  kept = new Map<string, Uint8Array>();
  /** Called instead of keeping. */
  onAdd: ((keep: () => void) => void) | undefined;
  readFails = false;

  async entries(): Promise<ReadonlyMap<string, Uint8Array>> {
    if (this.readFails) throw new Error('no answer');
    return this.kept;
  }

  async add(name: string, bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    if (this.kept.has(name)) throw new Error('taken');
    const keep = () => void this.kept.set(name, bytes);
    if (this.onAdd === undefined) keep();
    else this.onAdd(keep);
  }
}

const rootOf =
  (name: string): RootFor =>
  async () =>
    fixedBytes(name);

const create = (store: RingStore) => Keyring.create(store, identity.id, recipe, rootOf('root'));
const unlock = (store: RingStore, root = 'root', ledgerId = identity.id) =>
  Keyring.unlock(store, ledgerId, rootOf(root));
const code = (value: string) => expect.objectContaining({ code: value });

/** A ring with two scopes and a secret. */
async function filled(): Promise<{ store: MemoryRing; ring: Keyring; scopes: string[] }> {
  const store = new MemoryRing();
  const ring = await create(store);
  const scopes = [await ring.createScope(), await ring.createScope()];
  await ring.addSecret('ledger', fixedBytes('secret'));
  return { store, ring, scopes };
}

describe('a keyring', () => {
  it('gives its keys back after it was unlocked again', async () => {
    const { store, ring, scopes } = await filled();
    const again = await unlock(store);
    for (const scope of scopes) {
      expect(scope).toMatch(/^[0-9a-f]{32}$/);
      expect(again.scopeKey(scope)).toHaveLength(32);
      expect(again.scopeKey(scope)).toEqual(ring.scopeKey(scope));
    }
    expect(again.secret('ledger')).toEqual(fixedBytes('secret'));
    expect(again.state()).toEqual(ring.state());
    expect(again.scopeKey('00')).toBeUndefined();
    expect(() => again.secret('none')).toThrow(code('KEY_MISSING'));
  });

  it('keeps no key in the clear', async () => {
    const { store, ring, scopes } = await filled();
    const all = Buffer.concat([...store.kept.values()]);
    for (const scope of scopes)
      expect(all.includes(Buffer.from(ring.scopeKey(scope) ?? []))).toBe(false);
    expect(all.includes(Buffer.from(fixedBytes('secret')))).toBe(false);
  });

  it('does not open with another root, nor as the ring of another ledger', async () => {
    const { store } = await filled();
    await expect(unlock(store, 'wrong')).rejects.toEqual(code('RING_LOCKED'));
    await expect(unlock(store, 'root', fixedBytes('x', 16))).rejects.toEqual(code('RING_LOCKED'));
  });

  it('does not open with any root before it has an entry', async () => {
    const store = new MemoryRing();
    await create(store);
    await expect(unlock(store)).rejects.toEqual(code('RING_LOCKED'));
  });

  it('refuses entries exchanged between names', async () => {
    const { store, scopes } = await filled();
    const [one, two] = scopes.map((scope) => `scope.${scope}`) as [string, string];
    const [a, b] = [store.kept.get(one), store.kept.get(two)] as [Uint8Array, Uint8Array];
    store.kept.set(one, b).set(two, a);
    await expect(unlock(store)).rejects.toEqual(code('RING_MALFORMED'));
  });

  it('refuses any entry with a byte flipped', async () => {
    const { store } = await filled();
    for (const [name, bytes] of [...store.kept]) {
      if (name === 'root') continue;
      for (let at = 0; at < bytes.length; at++) {
        store.kept.set(name, bytes.with(at, (bytes[at] ?? 0) ^ 1));
        await expect(unlock(store)).rejects.toEqual(code('RING_MALFORMED'));
      }
      store.kept.set(name, bytes);
    }
  });

  it.each<[string, unknown]>([
    ['of another version', [9, 1, fixedBytes('n', 24), fixedBytes('b', 48)]],
    ['of generation 0', [1, 0, fixedBytes('n', 24), fixedBytes('b', 48)]],
    ['of half a generation', [1, 0.5, fixedBytes('n', 24), fixedBytes('b', 48)]],
    ['of a negative generation', [1, -1, fixedBytes('n', 24), fixedBytes('b', 48)]],
    ['with a short nonce', [1, 1, fixedBytes('n', 12), fixedBytes('b', 48)]],
    ['with a part more', [1, 1, fixedBytes('n', 24), fixedBytes('b', 48), 1]],
    ['that is no array', { entry: 1 }],
  ])('refuses an entry %s', async (_, entry) => {
    const { store } = await filled();
    store.kept.set('scope.x', encode(entry));
    await expect(unlock(store)).rejects.toEqual(code('RING_MALFORMED'));
  });

  const good = [1, 'argon2id', 2, 19_456, 1, fixedBytes('salt', 16), 'file'];
  it.each<[string, number, unknown]>([
    ['another version', 0, 2],
    ['another function', 1, 'scrypt'],
    ['no rounds', 2, 0],
    ['too many rounds', 2, 17],
    ['half a round', 2, 1.5],
    ['too much memory', 3, 2_000_000],
    ['negative memory', 3, -1],
    ['no lane', 4, 0],
    ['a salt that is text', 5, 'salt'],
    ['hardly any salt', 5, new Uint8Array(4)],
    ['a sealer without name', 6, null],
  ])('refuses a recipe with %s, and derives nothing', async (_, position, value) => {
    const { store } = await filled();
    store.kept.set('root', encode(good.with(position, value as never)));
    const never: RootFor = async () => {
      throw new Error('derived');
    };
    const unlocking = Keyring.unlock(store, identity.id, never);
    await expect(unlocking).rejects.toEqual(code('RING_MALFORMED'));
  });

  it('refuses a ring without a root, or with something else in its place', async () => {
    const { store } = await filled();
    store.kept.set('root', Uint8Array.of(0xc1));
    await expect(unlock(store)).rejects.toEqual(code('RING_MALFORMED'));
    store.kept.delete('root');
    await expect(unlock(store)).rejects.toEqual(code('RING_MALFORMED'));
  });
});

describe('the state of a ring', () => {
  it('counts changes, and still holds for later ones', async () => {
    const { store, ring } = await filled();
    const recorded = ring.state();
    expect(recorded.generation).toBe(3);
    await ring.createScope();
    expect(() => ring.expect(recorded)).not.toThrow();
    const again = await unlock(store);
    expect(() => again.expect(recorded)).not.toThrow();
    expect(again.state().generation).toBe(4);
  });

  it('shows a ring that was rolled back, or lost or changed an entry of then', async () => {
    const { store, ring } = await filled();
    const earlier = new Map(store.kept);
    await ring.createScope();
    const recorded = ring.state();
    const rolledBack = code('RING_ROLLED_BACK');
    const now = new Map(store.kept);
    store.kept = earlier;
    const old = await unlock(store);
    expect(() => old.expect(recorded)).toThrow(rolledBack);
    // One more change gives it the same generation, but not the same hash.
    await old.createScope();
    expect(old.state().generation).toBe(recorded.generation);
    expect(() => old.expect(recorded)).toThrow(rolledBack);
    now.delete('secret.ledger');
    store.kept = now;
    const lacking = await unlock(store);
    expect(() => lacking.expect(recorded)).toThrow(rolledBack);
  });

  it('is never two for one generation, also when entries are added side by side', async () => {
    const { store, ring } = await filled();
    const states = new Map<number, string>();
    const note = () => {
      const { generation, hash } = ring.state();
      const seen = Buffer.from(hash).toString('hex');
      expect(states.get(generation) ?? seen).toBe(seen);
      states.set(generation, seen);
    };
    await Promise.all(Array.from({ length: 8 }, () => ring.createScope().then(note)));
    expect(ring.state().generation).toBe(11);
    expect((await unlock(store)).state()).toEqual(ring.state());
  });
});

describe('an entry whose keeping was answered with an error', () => {
  it('is there when it was kept after all', async () => {
    const { store, ring } = await filled();
    store.onAdd = (keep) => {
      keep();
      throw new Error('no answer');
    };
    const scope = await ring.createScope();
    expect((await unlock(store)).scopeKey(scope)).toEqual(ring.scopeKey(scope));
  });

  it.each([
    ['was not kept', false, false],
    ['cannot be looked for', true, true],
  ])('closes the ring for more when it %s', async (_, keeps, readFails) => {
    const { store, ring } = await filled();
    const recorded = ring.state();
    store.onAdd = (keep) => {
      if (keeps) keep();
      throw new Error('no answer');
    };
    store.readFails = readFails;
    await expect(ring.createScope()).rejects.toEqual(code('STORE_UNAVAILABLE'));
    store.onAdd = undefined;
    store.readFails = false;
    await expect(ring.createScope()).rejects.toEqual(code('STORE_UNAVAILABLE'));
    expect(ring.state()).toEqual(recorded);
    const again = await unlock(store);
    expect(() => again.expect(recorded)).not.toThrow();
    await again.createScope();
  });

  it('closes the ring when somebody else has taken the name', async () => {
    const { store, ring } = await filled();
    store.kept.set('secret.new', fixedBytes('other'));
    await expect(ring.addSecret('new', fixedBytes('s'))).rejects.toEqual(code('FENCED'));
  });
});

describe('closing a ring', () => {
  it('overwrites every key that it handed out, and the root that it was given', async () => {
    const root = fixedBytes('root');
    const store = new MemoryRing();
    const ring = await Keyring.create(store, identity.id, recipe, async () => root);
    expect(root).toEqual(new Uint8Array(32));
    const scope = await ring.createScope();
    const given = fixedBytes('secret');
    await ring.addSecret('ledger', given);
    const [key, secret] = [ring.scopeKey(scope), ring.secret('ledger')];
    ring.close();
    expect(key).toEqual(new Uint8Array(32));
    expect(secret).toEqual(new Uint8Array(32));
    expect(given).toEqual(fixedBytes('secret'));
    expect(ring.scopeKey(scope)).toBeUndefined();
  });

  it('lets nothing be added after it, nor under the overwritten key', async () => {
    const { store, ring } = await filled();
    const kept = store.kept.size;
    ring.close();
    await expect(ring.createScope()).rejects.toEqual(code('CLOSED'));
    expect(store.kept.size).toBe(kept);
  });

  it('lets go of an entry that was on its way', async () => {
    const { ring } = await filled();
    const adding = ring.createScope();
    await Promise.resolve();
    await Promise.resolve();
    ring.close();
    await expect(adding).rejects.toEqual(code('CLOSED'));
  });

  it('refuses a name that the ring has already, and stays open', async () => {
    const { ring } = await filled();
    await expect(ring.addSecret('ledger', fixedBytes('s'))).rejects.toThrow(RangeError);
    await ring.createScope();
  });
});
