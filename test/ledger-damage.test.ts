import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerError } from '../ledger/errors.ts';
import { verifyStore } from '../ledger/reader.ts';
import { begin, identity, stored } from '../ledger/testing/fixtures.ts';
import { LedgerWorld } from './ledger-store-world.ts';

// Small commits first, then large ones, so that the server begins a second message block.
const smallCommits = 30;
const largeCommits = 22;
const size = 1 + smallCommits + largeCommits;
const largeValue = 'v'.repeat(440_000);

let whole: LedgerWorld;
let leaves: readonly string[];

type Found = { readonly leaves: readonly string[]; readonly failure?: LedgerError };

/** What verification says of the store of a server. */
async function verify(world: LedgerWorld): Promise<Found> {
  const found: string[] = [];
  try {
    for await (const { records } of verifyStore(await world.store('reader'), identity))
      for (const { leaf } of records) found.push(Buffer.from(leaf).toString('hex'));
  } catch (error) {
    return { leaves: found, failure: error as LedgerError };
  }
  return { leaves: found };
}

/** Damages a copy of the store, starts a server on it, and verifies. */
async function damaged(
  damage: (blocks: readonly string[]) => Promise<void>,
  keepsIndex = true,
): Promise<Found> {
  const world = await LedgerWorld.make(whole);
  try {
    if (!keepsIndex) await rm(join(world.blocks, 'index.db'));
    const files = (await readdir(world.blocks)).filter((name) => name.endsWith('.blk'));
    const number = (name: string) => Number.parseInt(name, 10);
    files.sort((a, b) => number(a) - number(b));
    await damage(files.map((name) => join(world.blocks, name)));
    await world.start();
    return await verify(world);
  } finally {
    await world.remove();
  }
}

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  await writeFile(file, bytes);
}

/**
 * Whatever was done to it: what verifies is a prefix of what was appended, the error names the first
 * record that is not. A ledger that lost its tail as a whole verifies, and is shorter than a pin says.
 */
function expectHonest({ leaves: found, failure }: Found): 'found' | 'shorter' | 'whole' {
  expect(found).toEqual(leaves.slice(0, found.length));
  if (failure === undefined) return found.length === leaves.length ? 'whole' : 'shorter';
  expect(failure).toMatchObject({ name: 'LedgerError', index: found.length });
  return 'found';
}

beforeAll(async () => {
  whole = await LedgerWorld.make();
  await whole.start();
  await whole.createStream();
  const ledger = await begin(await whole.store());
  for (let at = 0; at < smallCommits; at++) await ledger.append([stored(`${at}`)]).durable;
  for (let at = 0; at < largeCommits; at++) await ledger.append([stored(largeValue)]).durable;
  leaves = (await verify(whole)).leaves;
  await whole.stop();
});

afterAll(async () => {
  await whole.remove();
});

describe.each([
  ['stopped', true],
  // After an unclean stop the server has no index of the stream, and takes the blocks for the truth.
  ['killed', false],
])('a ledger whose files were changed after its server was %s', (_how, keepsIndex) => {
  const verifyDamaged = (damage: (blocks: readonly string[]) => Promise<void>) =>
    damaged(damage, keepsIndex);

  it('verifies when nothing was changed', async () => {
    expect(leaves).toHaveLength(size);
    const found = await verifyDamaged(async (blocks) => {
      expect(blocks.length).toBeGreaterThan(1);
    });
    expect(expectHonest(found)).toBe('whole');
  });

  it.each([0.001, 0.003, 0.01, 0.2, 0.45, 0.7, 0.95])(
    'is found out by a bit flipped at %f of the first block',
    async (part) => {
      const found = await verifyDamaged(async ([block = '']) => {
        await flip(block, Math.floor((await readFile(block)).length * part));
      });
      expect(expectHonest(found)).toBe('found');
    },
  );

  it.each([0.001, 0.3, 0.6, 0.99])(
    'gives a true prefix at most, with a bit flipped at %f of the last block',
    async (part) => {
      const found = await verifyDamaged(async (blocks) => {
        const block = blocks.at(-1) ?? '';
        await flip(block, Math.floor((await readFile(block)).length * part));
      });
      expect(expectHonest(found)).not.toBe('whole');
    },
  );

  it('is found out by a first block cut in half', async () => {
    const found = await verifyDamaged(async ([block = '']) => {
      await truncate(block, Math.floor((await readFile(block)).length / 2));
    });
    expect(expectHonest(found)).toBe('found');
  });

  it('gives a true prefix at most, with its last block cut in half', async () => {
    const found = await verifyDamaged(async (blocks) => {
      const block = blocks.at(-1) ?? '';
      await truncate(block, Math.floor((await readFile(block)).length / 2));
    });
    expect(expectHonest(found)).not.toBe('whole');
  });

  it('is found out by a first block removed', async () => {
    const found = await verifyDamaged(async ([block = '']) => rm(block));
    expect(expectHonest(found)).toBe('found');
  });

  it('gives a true prefix at most, with its last block removed', async () => {
    const found = await verifyDamaged(async (blocks) => rm(blocks.at(-1) ?? ''));
    expect(expectHonest(found)).not.toBe('whole');
  });

  it('is found out by all its blocks removed', async () => {
    const found = await verifyDamaged(async (blocks) => {
      for (const block of blocks) await rm(block);
    });
    expect(found.leaves).toEqual([]);
    expect(['EMPTY', 'SEQUENCE_GAP']).toContain(found.failure?.code);
  });
});
