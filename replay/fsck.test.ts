import { beforeAll, describe, expect, it } from 'vitest';
import type { CommitStore } from '../ledger/commit-store.ts';
import { Ledger } from '../ledger/ledger.ts';
import { identity, partsOf, stored } from '../ledger/testing/fixtures.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { diagnose, type Plan, planHealing } from './fsck.ts';
import { type SampleLedger, sampleLedger } from './testing/sample-ledger.ts';

type Commits = readonly Uint8Array[];

let sample: SampleLedger;
let commits: Commits;

beforeAll(async () => {
  sample = await sampleLedger();
  commits = sample.commits;
});

function pins(size: number | undefined) {
  const note = size === undefined ? undefined : sample.notes.get(size);
  return note === undefined ? [] : [{ pin: 'the pin', note }];
}

async function plan(own: Commits | undefined, copy: Commits, pin?: number): Promise<Plan> {
  const local = own && new MemoryStore(own);
  const pinned = pins(pin);
  const found = await diagnose(local, identity, pinned);
  return planHealing({ identity, local, source: new MemoryStore(copy), pinned }, found);
}

describe('a diagnosis', () => {
  it('says what is the matter, without a copy', async () => {
    const of = (store: CommitStore | undefined, pin?: number) =>
      diagnose(store, identity, pins(pin), 'no server starts');
    expect(await of(new MemoryStore(commits))).toMatchObject({ ok: true });
    expect(await of(undefined)).toMatchObject({ class: 'store_lost', message: 'no server starts' });
    expect(await of(new MemoryStore())).toMatchObject({ class: 'store_lost', code: 'EMPTY' });
    const counting = Object.assign(new MemoryStore(), { last: async () => 9 });
    expect(await of(counting)).toMatchObject({ class: 'store_lost', code: 'SEQUENCE_GAP' });
    const older = new MemoryStore(commits.slice(0, 3));
    expect(await of(older, 4)).toMatchObject({
      class: 'rolled_back',
      code: 'ROLLED_BACK',
      index: 3,
    });
    const fork = new MemoryStore(await goneOn(commits.slice(0, 2), 3));
    expect(await of(fork, 4)).toMatchObject({ class: 'forked', code: 'FORKED' });
  });
});

describe('a plan', () => {
  it('has nothing to do for a ledger that is whole, and no older than the copy', async () => {
    for (const copy of [commits, commits.slice(0, 5)]) {
      const { diagnosis, heals } = await plan(commits, copy);
      expect([diagnosis.ok, heals]).toEqual([true, false]);
    }
  });

  it('calls a ledger that is whole and older than the copy rolled back', async () => {
    const { diagnosis, ending, heals } = await plan(commits.slice(0, 3), commits);
    expect(diagnosis).toMatchObject({
      ok: false,
      class: 'rolled_back',
      code: 'ROLLED_BACK',
      index: 3,
    });
    expect(ending).toMatchObject({ kind: 'whole', taken: commits.length - 3 });
    expect(heals).toBe(true);
  });

  it('heals what is damaged, and counts as it goes', async () => {
    const local = new MemoryStore(commits.toSpliced(4, 2));
    const found = await diagnose(local, identity, []);
    const seen: number[] = [];
    const parts = { identity, local, source: new MemoryStore(commits), pinned: [] };
    const { diagnosis, heals } = await planHealing(parts, found, (verified) =>
      seen.push(verified.commits),
    );
    expect(diagnosis).toBe(found);
    expect(heals).toBe(true);
    expect(seen).toEqual(commits.map((_, at) => at + 1));
  });

  it('heals nothing where two have gone on, where something is missing, or a pin disagrees', async () => {
    const fork = await goneOn(commits.slice(0, 3), 2);
    const forked = await plan(commits, fork);
    expect(forked).toMatchObject({ heals: false, diagnosis: { class: 'forked', index: 3 } });
    const both = await plan(commits.toSpliced(8, 1), fork);
    expect(both).toMatchObject({ heals: false, diagnosis: { class: 'forked' } });
    const short = await plan(commits.toSpliced(5, 1), commits.slice(0, 4));
    expect(short).toMatchObject({
      heals: false,
      ending: { kind: 'short' },
      diagnosis: { ok: false },
    });
    const behind = await plan(undefined, commits.slice(0, 3), 4);
    expect(behind).toMatchObject({ heals: false, ending: { kind: 'pinned', code: 'ROLLED_BACK' } });
    const other = await plan(undefined, await goneOn(commits.slice(0, 2), 3), 4);
    expect(other).toMatchObject({ heals: false, ending: { kind: 'pinned', code: 'FORKED' } });
  });
});

/** Goes on from a beginning of the ledger, as a writer would after a rollback. */
async function goneOn(beginning: Commits, count: number): Promise<Commits> {
  const store = new MemoryStore(beginning);
  const ledger = await Ledger.open(partsOf(store), () => {});
  for (let at = 0; at < count; at++) await ledger.append([stored(`other ${at}`)]).durable;
  return store.commits;
}
