import { describe, expect, it } from 'vitest';
import { signerFrom } from '../wire/crypto.ts';
import type { ChainEnd } from './chain-end.ts';
import { ledgerOrigin, signCheckpoint } from './checkpoint.ts';
import { Ledger } from './ledger.ts';
import { checkpointOf } from './ledger-checkpoint.ts';
import { begin, fixedBytes, identity, partsOf, signer, stored } from './testing/fixtures.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { rootOf } from './tree.ts';

/** A ledger of nine records in commits of one, three and five, and the end after each commit. */
async function filled(word = 'x'): Promise<{ store: MemoryStore; ends: ChainEnd[] }> {
  const store = new MemoryStore();
  const ledger = await begin(store);
  const ends = [ledger.durableEnd];
  for (const count of [3, 5]) {
    await ledger.append(Array.from({ length: count }, () => stored(word))).durable;
    ends.push(ledger.durableEnd);
  }
  return { store, ends };
}

function openPinned(store: MemoryStore, ...notes: string[]): Promise<Ledger> {
  const pinned = notes.map((note, at) => ({ pin: `pin ${at}`, note }));
  return Ledger.open(partsOf(store), () => {}, pinned);
}

const noteOf = (end: ChainEnd): string => checkpointOf(signer, identity, end);

describe('a ledger with pins', () => {
  it('opens when it is at least as long as each of them, and continues it', async () => {
    const { store, ends } = await filled();
    expect((await openPinned(store, ...ends.map(noteOf))).end.size).toBe(9);
  });

  it('opens where a pin stands within a commit', async () => {
    const { store } = await filled();
    const ledger = await openPinned(store);
    const root = await ledger.tiles.hashOf({ start: 0, end: 6 }, async () => []);
    const note = signCheckpoint(signer, { origin: ledgerOrigin(identity.id), size: 6, root });
    await openPinned(store, note);
  });

  it('does not open when its tail is cut off, which nothing in it shows', async () => {
    const { store, ends } = await filled();
    const cut = new MemoryStore(store.commits.slice(0, 2));
    expect((await openPinned(cut)).end.size).toBe(4);
    await expect(openPinned(cut, noteOf(ends[2] as ChainEnd))).rejects.toMatchObject({
      code: 'ROLLED_BACK',
      index: 4,
    });
  });

  it('does not open when it is another history of the same length, signed with the same key', async () => {
    const [one, other] = [await filled('one'), await filled('other')];
    await openPinned(other.store, ...other.ends.map(noteOf));
    await expect(openPinned(other.store, noteOf(one.ends[2] as ChainEnd))).rejects.toMatchObject({
      code: 'FORKED',
      index: 8,
    });
  });

  it('does not believe a pin that its key has not signed, or that is no checkpoint', async () => {
    const { store, ends } = await filled();
    const end = ends[2] as ChainEnd;
    const forged = checkpointOf(signerFrom(fixedBytes('another key')), identity, end);
    const foreign = { origin: 'cambium.vault/another', size: 9, root: rootOf(end.tree) };
    for (const note of [forged, signCheckpoint(signer, foreign), 'nonsense', ''])
      await expect(openPinned(store, note)).rejects.toMatchObject({ code: 'PIN_INVALID' });
  });
});

describe('a checkpoint that is recorded', () => {
  const digests = { version: 1, total: '00', scopes: {} };

  async function withCheckpoint(note: (ledger: Ledger) => string, alone = true) {
    const { store } = await filled();
    const ledger = await openPinned(store);
    const batch = alone ? ledger.beginCommit() : ledger.begin();
    if (!alone) batch.add(stored('before it'));
    const body = { note: note(ledger), digests, measurement: 'none' };
    batch.add({ kind: 'checkpoint', scope: 'a0'.repeat(16), body });
    await batch.commit();
    return openPinned(store);
  }

  it('opens when it is the one of all records before it', async () => {
    expect((await withCheckpoint((ledger) => ledger.checkpoint(ledger.end))).end.size).toBe(10);
  });

  it.each<[string, (ledger: Ledger) => string]>([
    ['of fewer records', () => checkpointOf(signer, identity, { ...emptyEnd, size: 0 })],
    [
      'signed by somebody else',
      ({ end }) => checkpointOf(signerFrom(fixedBytes('x')), identity, end),
    ],
    ['that is none', () => 'nonsense'],
  ])('keeps the ledger from opening when it is one %s', async (_, note) => {
    await expect(withCheckpoint(note)).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
      index: 9,
    });
  });

  it('keeps it from opening where it is not the first of its commit', async () => {
    await expect(
      withCheckpoint((ledger) => ledger.checkpoint(ledger.end), false),
    ).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH', index: 10 });
  });

  it('begins a commit of its own in a burst', async () => {
    const { store } = await filled();
    const ledger = await openPinned(store);
    const before = ledger.append([stored('before')]).durable;
    const batch = ledger.beginCommit();
    const body = { note: ledger.checkpoint(ledger.end), digests, measurement: 'none' };
    batch.add({ kind: 'checkpoint', scope: 'a0'.repeat(16), body });
    await Promise.all([before, batch.commit(), ledger.append([stored('after')]).durable]);
    expect(store.commits).toHaveLength(5);
    expect((await openPinned(store)).end.size).toBe(12);
  });
});

const { tree, head, time, keys } = (await begin(new MemoryStore())).end;
const emptyEnd: ChainEnd = { size: 1, tree, head, time, keys };
