import { beforeAll, describe, expect, it } from 'vitest';
import type { Draft } from '../ledger/bodies.ts';
import { ledgerIdOf } from '../ledger/chain.ts';
import { emptyChain } from '../ledger/chain-end.ts';
import { verifyCommit } from '../ledger/commit.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { Ledger } from '../ledger/ledger.ts';
import { fixedBytes, signerFor as fixedSignerFor, identity } from '../ledger/testing/fixtures.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { signerFrom } from '../wire/crypto.ts';
import { tellStory } from './testing/story.ts';
import { ownScope, storyKeys } from './testing/story-facts.ts';
import { verifyLedger } from './verify.ts';

describe('verifying a ledger', () => {
  let commits: readonly Uint8Array[];
  let records: number;

  beforeAll(async () => {
    const { story } = await tellStory();
    commits = story.store.commits;
    records = story.journal.state.size;
  });

  const verify = (changed: readonly Uint8Array[]) =>
    verifyLedger(new MemoryStore(changed), identity);

  it('says what is whole, with and without keys', async () => {
    const progress: number[] = [];
    const report = await verifyLedger(new MemoryStore(commits), identity, {
      onProgress: (verified) => progress.push(verified.records),
    });
    expect(report).toMatchObject({ ok: true, records, commits: commits.length, opened: false });
    expect(progress).toHaveLength(commits.length);
    expect(progress.at(-1)).toBe(records);
    const opened = await verifyLedger(new MemoryStore(commits), identity, { keys: storyKeys });
    expect(opened).toEqual({ ...report, opened: true });
  });

  it('names the first bad record of every edited commit', async () => {
    for (const [place, bytes] of commits.entries()) {
      const edited = bytes.slice();
      const at = Math.floor(edited.length / 2);
      edited[at] = (edited[at] ?? 0) ^ 1;
      const report = await verify(commits.with(place, edited));
      expect(report).toMatchObject({ ok: false, sequence: place + 1, class: 'corrupted' });
      if (!report.ok) expect(report.index).toBeGreaterThanOrEqual(report.verified.records);
    }
  });

  it('names every flipped byte of a commit', async () => {
    const [first = new Uint8Array(0)] = commits;
    for (let at = 0; at < first.length; at += 1) {
      const edited = first.slice();
      edited[at] = (edited[at] ?? 0) ^ 0x40;
      expect(await verify(commits.with(0, edited))).toMatchObject({ ok: false, sequence: 1 });
    }
  });

  it('names commits that were swapped, repeated or dropped', async () => {
    for (let place = 0; place + 1 < commits.length; place += 1) {
      const here = commits[place] as Uint8Array;
      const next = commits[place + 1] as Uint8Array;
      const bad = { ok: false, code: 'INDEX_GAP', sequence: place + 1 };
      const swapped = await verify(commits.with(place, next).with(place + 1, here));
      expect(swapped).toMatchObject({ ...bad, class: 'reordered' });
      const dropped = await verify(commits.toSpliced(place, 1));
      expect(dropped).toMatchObject({ ...bad, class: 'lost' });
      const repeated = await verify(commits.toSpliced(place + 1, 0, here));
      expect(repeated).toMatchObject({ ...bad, sequence: place + 2, class: 'reordered' });
    }
  });

  it('calls what the store has lost by its name: a gap, a claimed tail, everything', async () => {
    const store = new MemoryStore(commits);
    const gap: CommitStore = Object.assign(new MemoryStore(commits), {
      scan: async function* () {
        for await (const commit of store.scan(1)) if (commit.sequence !== 3) yield commit;
      },
    });
    expect(await verifyLedger(gap, identity)).toMatchObject({
      code: 'SEQUENCE_GAP',
      class: 'lost',
      sequence: 3,
      verified: { commits: 2 },
    });
    const claims: CommitStore = Object.assign(new MemoryStore(commits.slice(0, 4)), {
      last: async () => commits.length,
    });
    expect(await verifyLedger(claims, identity)).toMatchObject({
      code: 'SEQUENCE_GAP',
      class: 'truncated',
      sequence: 5,
    });
    expect(await verify([])).toMatchObject({ code: 'EMPTY', class: 'store_lost', index: 0 });
  });

  it('cannot see a tail that is missing as a whole: that needs a pin', async () => {
    expect(await verify(commits.slice(0, -1))).toMatchObject({ ok: true });
  });

  it('tells another history that our key signed from a foreign one', async () => {
    const fork = await continued(commits.slice(0, 3), [closed, closed]);
    const mixed = [...commits.slice(0, 3), ...commits.slice(3, 4), ...fork.slice(4)];
    const report = await verify(mixed);
    expect(report).toMatchObject({ ok: false, class: 'forked', sequence: 5 });
    const other = signerFrom(fixedBytes('another seed'));
    const stranger = { id: ledgerIdOf(other.publicKey), publicKey: other.publicKey };
    const foreign = await verifyLedger(new MemoryStore(commits), stranger);
    expect(foreign).toMatchObject({ code: 'FOREIGN', class: 'foreign', sequence: 1, index: 0 });
  });

  it('opens every body when it has the keys', async () => {
    const keyless = await verifyLedger(new MemoryStore(commits), identity, {
      keys: (scope) => (scope === ownScope ? undefined : storyKeys(scope)),
    });
    expect(keyless).toMatchObject({ code: 'KEY_MISSING', class: 'lost', index: 0 });
    const wrong = await verifyLedger(new MemoryStore(commits), identity, {
      keys: (scope) => (scope === ownScope ? storyKeys(scope) : fixedBytes('wrong')),
    });
    expect(wrong).toMatchObject({ code: 'KEY_COMMITMENT', class: 'corrupted', index: 1 });
    if (!wrong.ok) expect(wrong.verified).toEqual({ records: 1, commits: 0 });
  });

  it('throws only when the store cannot be asked', async () => {
    const dead: CommitStore = Object.assign(new MemoryStore(commits), {
      last: () => Promise.reject(new LedgerError('STORE_UNAVAILABLE', 'gone')),
    });
    await expect(verifyLedger(dead, identity)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('names every record that was swapped with another within its commit', async () => {
    const [first = new Uint8Array(0)] = commits;
    const { records: stored } = verifyCommit(first, identity, emptyChain(identity));
    expect(stored.length).toBeGreaterThan(2);
    for (let at = 0; at + 1 < stored.length; at += 1) {
      const [a, b] = [stored[at], stored[at + 1]].map((one) => spanOf(first, one?.sealed));
      if (a === undefined || b === undefined || a.length !== b.length) continue;
      const swapped = first.slice();
      swapped.set(first.subarray(a.at, a.at + a.length), b.at);
      swapped.set(first.subarray(b.at, b.at + b.length), a.at);
      expect(await verify(commits.with(0, swapped))).toMatchObject({ ok: false, sequence: 1 });
    }
  });
});

const closed: Draft = { kind: 'closed', scope: ownScope, body: {} };

/** Goes on from a shorter copy of the ledger, as a writer would after a rollback. */
async function continued(
  commits: readonly Uint8Array[],
  facts: readonly Draft[],
): Promise<readonly Uint8Array[]> {
  const store = new MemoryStore(commits);
  const parts = { store, identity, signerFor: fixedSignerFor, keys: storyKeys, now: Date.now };
  const ledger = await Ledger.open(parts, () => {});
  for (const fact of facts) await ledger.append([fact]).durable;
  return store.commits;
}

function spanOf(bytes: Uint8Array, part: Uint8Array | undefined) {
  if (part === undefined) return undefined;
  const at = Buffer.from(bytes).indexOf(part);
  return at < 0 ? undefined : { at, length: part.length };
}
