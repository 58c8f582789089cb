import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSealer, SealerError } from '../core/enclave/sealer.ts';
import { type PassphraseRoots, rootsFrom } from '../core/keys/root-key.ts';
import { Keyring } from '../ledger/keyring.ts';
import { openEntry } from '../ledger/ring-entry.ts';
import { openRoot, parseRoot, wrapKeyFrom } from '../ledger/ring-root.ts';
import {
  createRingBucket,
  jetStreamRing,
  type KeptValue,
  type RingStore,
  ringBucket,
} from '../ledger/ring-store.ts';
import { fixedBytes, identity } from '../ledger/testing/fixtures.ts';
import { LedgerWorld, vault } from './ledger-store-world.ts';

/* A keyring on a real server, with a real sealer and real roots. */

const [right, other] = ['correct horse', 'another horse'];
const bucket = ringBucket(vault);
let folder: string;
let world: LedgerWorld;
let roots: PassphraseRoots;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-ring-'));
  world = await LedgerWorld.make();
  await world.start();
  await createRingBucket(await world.as('admin'), vault);
  roots = rootsFrom(right, fileSealer(join(folder, 'sealer')), identity.id);
});
afterEach(async () => {
  await world.remove();
  await rm(folder, { recursive: true, force: true });
});

const storeAs = async (user: 'runtime' | 'reader' = 'runtime'): Promise<RingStore> =>
  jetStreamRing(await world.as(user), vault);
const unlock = async (by = roots) => Keyring.unlock(await storeAs(), identity.id, by);

/** A ring with two scopes and a secret, made as a new vault's is. */
async function filled(): Promise<{ ring: Keyring; gone: string; stays: string }> {
  const ring = await Keyring.create(await storeAs(), identity.id, roots);
  const [gone, stays] = [await ring.createScope(), await ring.createScope()];
  await ring.addSecret('signing', fixedBytes('signing'));
  return { ring, gone, stays };
}

async function valuesNow(): Promise<readonly KeptValue[]> {
  return (await (await storeAs()).read()).values;
}

/** Whatever the server gives back to anyone who asks, in every way that there is. */
async function readable(): Promise<Uint8Array[]> {
  const admin = await world.as('admin');
  const manager = await jetstreamManager(admin);
  const { last_seq } = (await manager.streams.info(`KV_${bucket}`)).state;
  const found: (Uint8Array | undefined)[] = [];
  for (let seq = 1; seq <= last_seq; seq++)
    found.push((await manager.streams.getMessage(`KV_${bucket}`, { seq }))?.data);
  const kv = await new Kvm(admin).open(bucket);
  for await (const entry of await kv.history()) found.push(entry.value);
  for (const user of ['runtime', 'reader'] as const)
    found.push(...(await (await storeAs(user)).read()).values.map(({ bytes }) => bytes));
  return found.filter((bytes) => bytes !== undefined);
}

describe('a ring in JetStream', () => {
  it('gives back what was written, in its order, to the vault and to a reader', async () => {
    const store = await storeAs();
    expect(await store.read()).toEqual({ last: 0, values: [] });
    const values = Array.from({ length: 300 }, (_, at) => ({
      name: `entry.${at}`,
      bytes: fixedBytes(`${at}`),
    }));
    for (const [at, value] of values.entries()) expect(await store.add(value, at)).toBe(at + 1);
    for (const user of ['runtime', 'reader'] as const)
      expect(await (await storeAs(user)).read()).toStrictEqual({ last: 300, values });
  });

  it('refuses a write upon anything but the last one', async () => {
    const [store, second] = [await storeAs(), await storeAs()];
    const [one, two] = ['root', 'entry.2'].map((name) => ({ name, bytes: fixedBytes(name) }));
    if (!one || !two) throw new Error('two');
    await store.add(one, 0);
    for (const last of [0, 2])
      for (const how of ['add', 'replaceAll'] as const)
        await expect(second[how](two, last)).rejects.toThrow(/wrong last sequence/);
    expect(await second.replaceAll(two, 1)).toBe(2);
    await expect(store.add(one, 1)).rejects.toThrow(/wrong last sequence/);
    expect(await store.read()).toEqual({ last: 2, values: [two] });
  });

  it('cannot be written by a reader', async () => {
    const reader = await storeAs('reader');
    const value = { name: 'root', bytes: fixedBytes('r') };
    for (const how of ['add', 'replaceAll'] as const)
      await expect(reader[how](value, 0)).rejects.toThrow(/Permissions Violation/);
  });

  it('takes a root of several megabytes', async () => {
    const { ring, gone, stays } = await filled();
    const large = new Uint8Array(3_000_000).fill(7);
    await ring.addSecret('large', large);
    await ring.forget([gone]);
    const again = await unlock();
    expect(Buffer.compare(again.secret('large'), large)).toBe(0);
    expect(again.scopeKey(stays)).toEqual(ring.scopeKey(stays));
    await expect(ring.addSecret('more', new Uint8Array(5_500_000))).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  it('is read whole while its root changes', async () => {
    const { ring, stays } = await filled();
    const key = ring.scopeKey(stays)?.slice();
    let changing = true;
    const changes = (async () => {
      for (let round = 0; round < 12; round++) await ring.forget([await ring.createScope()]);
      changing = false;
    })();
    while (changing) {
      const store = await storeAs('reader');
      const read = await Keyring.unlock(store, identity.id, roots).catch((error: unknown) => error);
      if (read instanceof Keyring) expect(read.scopeKey(stays)).toEqual(key);
      else expect(read).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    }
    await changes;
    expect((await unlock()).state()).toEqual(ring.state());
  });
});

describe('what was forgotten', () => {
  it('is given back by no reading, nor by the history, nor after a restart', async () => {
    const { ring, gone } = await filled();
    const earlier = await valuesNow();
    expect(await readable()).toEqual(expect.arrayContaining(earlier.map(({ bytes }) => bytes)));
    await ring.forget([gone]);
    const expectGone = async () => {
      const found = await readable();
      expect(found.length).toBeGreaterThan(0);
      for (const { bytes } of earlier) expect(found).not.toContainEqual(bytes);
    };
    await expectGone();
    await world.stop();
    await world.start();
    await expectGone();
    expect((await unlock()).scopeKey(gone)).toBeUndefined();
  });

  it('leaves nothing in the bucket that grows with every erasure', async () => {
    const { ring } = await filled();
    for (let round = 0; round < 10; round++) await ring.forget([await ring.createScope()]);
    const status = await (await new Kvm(await world.as('admin')).open(bucket)).status();
    expect(status.values).toBe(1);
    expect(await readdir(join(folder, 'sealer'))).toHaveLength(1);
  });
});

/** All 32-byte keys that can be had from a ring, its sealer's secrets, and a passphrase. */
async function keysOf(ring: Keyring, scopes: string[], secrets: string[], passphrases: string[]) {
  const { recipe } = await recipeNow();
  const keys = scopes.flatMap((scope) => ring.scopeKey(scope) ?? []);
  keys.push(...ring.secretNames().map((name) => ring.secret(name)));
  for (const name of secrets) {
    const sealer = fileSealer(name);
    for (const sealerGeneration of await sealer.generations(identity.id)) {
      keys.push(await sealer.secret(identity.id, sealerGeneration));
      for (const passphrase of passphrases)
        keys.push(
          await rootsFrom(passphrase, sealer, identity.id).rootOf({ ...recipe, sealerGeneration }),
        );
    }
  }
  return keys.flatMap((key) => [key.slice(), wrapKeyFrom(key.slice())]);
}

async function recipeNow() {
  const [root] = await valuesNow();
  return parseRoot(root?.bytes ?? new Uint8Array(0));
}

/** Names of the keys in values of earlier that one of these keys opens. */
function opened(values: readonly KeptValue[], wrapKeys: readonly Uint8Array[]): string[] {
  const { id: ledgerId } = identity;
  return wrapKeys.flatMap((wrapKey) =>
    values.flatMap(({ name, bytes }) => {
      try {
        const keys =
          name === 'root'
            ? openRoot(bytes, ledgerId, wrapKey)
            : openEntry(Number(name.slice('entry.'.length)), bytes, { ledgerId, wrapKey });
        return [...keys.keys()];
      } catch {
        return [];
      }
    }),
  );
}

describe('whoever copied the whole earlier directory, knows the passphrase, and gets all that there is now', () => {
  it('opens nothing of an erased scope', async () => {
    const { ring, gone, stays } = await filled();
    const earlier = await valuesNow();
    await world.stop();
    const copy = await LedgerWorld.make(world);
    await cp(join(folder, 'sealer'), join(folder, 'sealer then'), { recursive: true });
    await world.start();
    ring.close();

    const mine = await unlock();
    await mine.forget([gone]);
    const late = await mine.createScope();
    const { last } = await (await storeAs()).read();
    const held = await keysOf(mine, [stays, late], [join(folder, 'sealer')], [right, other]);
    expect(opened(earlier, held)).toEqual([]);
    // The same search does find what is there: with the secret of then, and with the values of now.
    const then = await keysOf(mine, [], [join(folder, 'sealer then')], [right]);
    expect(opened(earlier, then)).toContain(`scope.${gone}`);
    expect(opened(await valuesNow(), held)).toContain(`scope.${late}`);
    expect(last).toBe(6);

    // And in the way of our own program: the old directory, the sealer of now.
    await copy.start();
    const old = await jetStreamRing(await copy.as('runtime'), vault);
    const sealer = fileSealer(join(folder, 'sealer'));
    const stolen = () => Keyring.unlock(old, identity.id, rootsFrom(right, sealer, identity.id));
    await expect(stolen()).rejects.toThrow(SealerError);
    const files = (generation: number) =>
      join(folder, 'sealer', `${Buffer.from(identity.id).toString('hex')}.${generation}.sealer`);
    await cp(files(2), files(1));
    await expect(stolen()).rejects.toMatchObject({ code: 'RING_LOCKED' });
    await cp(join(folder, 'sealer then'), join(folder, 'sealer'), { recursive: true });
    expect((await stolen()).scopeKey(gone)).toHaveLength(32);
    await copy.remove();
  });

  it('opens nothing at all with a passphrase that was changed', async () => {
    const { ring } = await filled();
    const earlier = await valuesNow();
    const sealer = fileSealer(join(folder, 'sealer'));
    await ring.changePassphrase(rootsFrom(other, sealer, identity.id));
    const old = rootsFrom(right, sealer, identity.id);
    await expect(unlock(old)).rejects.toMatchObject({ code: 'RING_LOCKED' });
    const held = await keysOf(ring, [], [join(folder, 'sealer')], [right]);
    expect(opened(earlier, held)).toEqual([]);
    await unlock(rootsFrom(other, sealer, identity.id));
  });
});

describe('a server killed while a scope is forgotten', () => {
  it.each([0, 2, 4, 6, 9, 14])('after %i ms: the ring opens, and forgets it then', async (ms) => {
    const { ring, gone, stays } = await filled();
    const [goneKey, staysKey] = [gone, stays].map((scope) => ring.scopeKey(scope)?.slice());
    const recorded = ring.state();
    const forgetting = ring.forget([gone]).catch(() => undefined);
    await sleep(ms);
    await world.kill();
    await world.stop();
    await forgetting;
    ring.close();
    await world.start();
    const again = await unlock();
    again.expect(recorded);
    await again.settle();
    expect([goneKey, undefined]).toContainEqual(again.scopeKey(gone));
    await again.forget([gone]);
    expect(again.scopeKey(gone)).toBeUndefined();
    expect(again.scopeKey(stays)).toEqual(staysKey);
    expect((await unlock()).state()).toEqual(again.state());
    expect(await readdir(join(folder, 'sealer'))).toHaveLength(1);
  });
});
