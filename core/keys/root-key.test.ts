import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSealer, type Sealer, SealerError } from '../enclave/sealer.ts';
import { passphraseFault, rootsFrom } from './root-key.ts';

const id = new Uint8Array(16).fill(7);
let folder: string;
let sealer: Sealer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-roots-'));
  sealer = fileSealer(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const roots = (passphrase = 'correct horse') => rootsFrom(passphrase, sealer, id);

/** Milliseconds that a promise takes to settle, either way. */
async function duration(promise: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await promise.catch(() => undefined);
  return performance.now() - start;
}

describe('roots of a passphrase and a sealer', () => {
  it('are the same for the same recipe, and each in bytes of its own', async () => {
    const one = roots();
    const recipe = await one.renew();
    const root = await one.rootOf(recipe);
    expect(root).toHaveLength(32);
    const again = await one.rootOf(recipe);
    root.fill(0);
    expect(again).not.toEqual(root);
    expect(await roots().rootOf(recipe)).toEqual(again);
  });

  it('take the passphrase in whatever form it is typed', async () => {
    const recipe = await roots().renew();
    const typed = await roots('caf\u00e9 au lait').rootOf(recipe);
    expect(await roots('cafe\u0301 au lait').rootOf(recipe)).toEqual(typed);
  });

  it('are others with another passphrase, another secret or another salt', async () => {
    const one = roots();
    const recipe = await one.renew();
    const next = await one.renew();
    const salted = { ...recipe, salt: recipe.salt.with(0, (recipe.salt[0] ?? 0) ^ 1) };
    const all = [
      await one.rootOf(recipe),
      await roots('wrong horse').rootOf(recipe),
      await one.rootOf({ ...recipe, sealerGeneration: next.sealerGeneration }),
      await roots().rootOf(salted),
    ];
    expect(new Set(all.map(String)).size).toBe(4);
  });

  it('are renewed with a secret of their own, and stretch the passphrase once', async () => {
    const one = roots();
    const first = await one.renew();
    await one.rootOf(first);
    const second = await one.renew();
    expect(second).toEqual({ ...first, sealerGeneration: 2 });
    expect(await one.newest()).toBe(2);
    const stretching = await duration(roots().rootOf(first));
    expect(await duration(one.rootOf(second))).toBeLessThan(stretching / 4);
  });

  it('have a salt of their own for each passphrase', async () => {
    const [one, two] = [await roots().renew(), await roots().renew()];
    expect(one.salt).toHaveLength(16);
    expect(one.salt).not.toEqual(two.salt);
  });

  it('retire what is older, and nothing else', async () => {
    const one = roots();
    const recipes = [await one.renew(), await one.renew(), await one.renew()];
    const [first, second, third] = recipes;
    if (!first || !second || !third) throw new Error('three');
    await one.retire(second);
    expect(await sealer.generations(id)).toEqual([2, 3]);
    await expect(one.rootOf(first)).rejects.toThrow(SealerError);
    await one.rootOf(third);
  });

  it('are worked for in full before a missing secret or sealer is named', async () => {
    const recipe = await roots().renew();
    const full = await duration(roots().rootOf(recipe));
    const missing = roots().rootOf({ ...recipe, sealerGeneration: 9 });
    expect(await duration(missing)).toBeGreaterThan(full / 3);
    await expect(missing).rejects.toThrow(SealerError);
    const foreign = roots().rootOf({ ...recipe, sealer: 'hardware' });
    await expect(foreign).rejects.toThrow(/needs the sealer hardware/);
  });

  it('cannot be had once the passphrase is another one, or let go of', async () => {
    const one = roots();
    const recipe = await one.renew();
    await one.rootOf(recipe);
    const changed = { ...recipe, salt: new Uint8Array(16) };
    await expect(one.rootOf(changed)).rejects.toMatchObject({ code: 'RING_LOCKED' });
    one.close();
    await expect(one.rootOf(recipe)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a passphrase', () => {
  it.each(['short', '1234567', '123456789012345'])('%s is not taken', (passphrase) => {
    expect(passphraseFault(passphrase)).toBeTypeOf('string');
  });

  it.each(['correct horse', '1234567890123456'])('%s is', (passphrase) => {
    expect(passphraseFault(passphrase)).toBeUndefined();
  });
});
