import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CommitStore } from '../ledger/commit-store.ts';
import { Ledger } from '../ledger/ledger.ts';
import { identity, keys, partsOf, stored } from '../ledger/testing/fixtures.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { equalBytes, toHex } from '../wire/bytes.ts';
import { decode, encode, type MsgpackValue } from '../wire/msgpack.ts';
import { type Ending, healed } from './heal.ts';
import { type SampleLedger, sampleLedger } from './testing/sample-ledger.ts';
import { verifyLedger } from './verify.ts';

type Commits = readonly Uint8Array[];

let sample: SampleLedger;
let commits: Commits;

beforeAll(async () => {
  sample = await sampleLedger();
  commits = sample.commits;
});

/** The commits of the healed ledger, and how the healing ended. */
async function heal(
  local: Commits | CommitStore | undefined,
  source: Commits,
  pinned: readonly string[] = [],
): Promise<{ readonly bytes: Commits; readonly ending: Ending }> {
  const healing = healed({
    identity,
    local: Array.isArray(local) ? new MemoryStore(local) : (local as CommitStore | undefined),
    source: new MemoryStore(source),
    pinned: pinned.map((note) => ({ pin: 'the pin', note })),
  });
  const bytes: Uint8Array[] = [];
  for (;;) {
    const next = await healing.next();
    if (next.done === true) return { bytes, ending: next.value };
    bytes.push(next.value.bytes);
  }
}

async function expectHealed(
  local: Commits | CommitStore | undefined,
  source: Commits,
  taken: number,
) {
  const { bytes, ending } = await heal(local, source);
  expect(ending).toMatchObject({ kind: 'whole', commits: commits.length, taken });
  expect(bytes).toEqual(commits);
}

function flipped(bytes: Uint8Array, at = bytes.length >> 1): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ 1);
}

/** A store that has lost these commits of a ledger, and still counts them. */
function withGaps(all: Commits, lost: readonly number[]): CommitStore {
  const store = new MemoryStore(all);
  return Object.assign(new MemoryStore(all), {
    read: async (sequence: number) => (lost.includes(sequence) ? undefined : store.read(sequence)),
    scan: async function* (from: number) {
      for await (const commit of store.scan(from))
        if (!lost.includes(commit.sequence)) yield commit;
    },
  });
}

describe('a damaged ledger is healed from a copy', () => {
  it('when a commit was changed, wherever', async () => {
    for (const [at, bytes] of commits.entries())
      await expectHealed(commits.with(at, flipped(bytes)), commits, 1);
  });

  it('when commits are missing: in the middle, with their sequences, at the end, all of them', async () => {
    await expectHealed(commits.toSpliced(3, 4), commits, 4);
    await expectHealed(withGaps(commits, [2, 3, 9]), commits, 3);
    await expectHealed(withGaps(commits, [13, 14]), commits, 2);
    await expectHealed(commits.slice(0, 5), commits, commits.length - 5);
    await expectHealed([], commits, commits.length);
    await expectHealed(undefined, commits, commits.length);
  });

  it('when commits stand in other places, twice, or are of another ledger', async () => {
    const [a, b] = [commits[3], commits[7]] as [Uint8Array, Uint8Array];
    await expectHealed(commits.with(3, b).with(7, a), commits, 0);
    await expectHealed(commits.toReversed(), commits, 0);
    await expectHealed([...commits, a], commits, 0);
    await expectHealed(commits.toSpliced(5, 0, b, b), commits, 0);
    const parts = decode(b) as MsgpackValue[];
    const foreign = encode(parts.with(1, new Uint8Array(16)));
    await expectHealed([foreign, ...commits, foreign], commits, 0);
  });

  it('when its own commits are newer than the copy', async () => {
    await expectHealed(
      commits.with(3, flipped(commits[3] ?? new Uint8Array())),
      commits.slice(0, 6),
      1,
    );
    await expectHealed(commits.toSpliced(2, 1), commits.slice(0, 3), 1);
  });

  it('when the copy is damaged behind what is needed', async () => {
    const copy = commits.with(8, flipped(commits[8] ?? new Uint8Array()));
    await expectHealed(commits.with(5, new Uint8Array(0)), copy, 1);
  });

  it('by records, whatever bytes their commit is written in', async () => {
    const other = encode(decode(commits[4] ?? new Uint8Array()));
    expect(other).not.toEqual(commits[4]);
    const { ending } = await heal(commits.with(4, other).with(9, other), commits);
    expect(ending).toMatchObject({ kind: 'whole', commits: commits.length, taken: 1 });
  });

  it('to one that verifies and opens, and is not shorter than its pins', async () => {
    const notes = [...sample.notes.values()];
    const { bytes, ending } = await heal(commits.slice(0, 2), commits, notes);
    expect(await verifyLedger(new MemoryStore(bytes), identity, { keys })).toMatchObject({
      ok: true,
    });
    if (ending.kind === 'whole') expect(ending.scopes.size).toBe(2);
  });
});

describe('nothing is healed', () => {
  it('when a commit says that it belongs further on, signed with a key that nobody has seen', async () => {
    // Both ledgers lack the commit in which the second key took over.
    const { ending } = await heal(commits.toSpliced(5, 1), commits.slice(0, 4));
    expect(ending).toMatchObject({ kind: 'short', records: 7 });
  });

  it('when neither has what is missing', async () => {
    const middle = await heal(commits.toSpliced(6, 1), commits.slice(0, 4));
    expect(middle.ending).toEqual({
      kind: 'short',
      records: 9,
      why: expect.stringContaining('goes on at record'),
    });
    const tail = await heal(withGaps(commits, [13, 14]), commits.slice(0, 13));
    expect(tail.ending).toMatchObject({
      kind: 'short',
      why: expect.stringContaining('1 more commits'),
    });
    const last = commits.with(-1, flipped(commits.at(-1) ?? new Uint8Array()));
    expect((await heal(last, commits.slice(0, -1))).ending).toMatchObject({ kind: 'short' });
  });

  it('when the copy is another ledger, or nothing', async () => {
    expect((await heal(commits.slice(1), [])).ending).toMatchObject({ kind: 'short', records: 0 });
    const other = (decode(commits[0] ?? new Uint8Array()) as MsgpackValue[]).with(
      1,
      new Uint8Array(16),
    );
    expect((await heal([], [encode(other)])).ending).toMatchObject({ kind: 'short', records: 0 });
  });

  it('when both have gone on with their own history: both heads are named', async () => {
    const fork = await goneOn(commits.slice(0, 3), 2);
    for (const [local, copy] of [
      [commits, fork],
      [fork, commits],
    ] as const) {
      const { ending } = await heal(local, copy);
      expect(ending).toMatchObject({
        kind: 'forked',
        index: 3,
        branches: [
          { of: 'ledger', records: local === fork ? 5 : 18 },
          { of: 'copy', records: copy === fork ? 5 : 18 },
        ],
      });
      if (ending.kind === 'forked') {
        const [own, theirs] = ending.branches;
        expect(own.head).toBe(await headOf(local));
        expect(theirs.head).toBe(await headOf(copy));
      }
    }
  });

  it('when the ledger itself holds two histories', async () => {
    const fork = await goneOn(commits.slice(0, 4), 1);
    const { ending } = await heal([...commits, ...fork.slice(4)], commits.slice(0, 3));
    expect(ending).toMatchObject({ kind: 'forked', index: 4 });
  });

  it('when a pin has seen more, or something else', async () => {
    const last = [...sample.notes.values()].at(-1) ?? '';
    await expect(heal(commits.slice(0, 9), commits.slice(0, 10), [last])).rejects.toMatchObject({
      code: 'ROLLED_BACK',
    });
    const fork = await goneOn(commits.slice(0, 3), 4);
    const pin = sample.notes.get(4) ?? '';
    await expect(heal([], fork, [pin])).rejects.toMatchObject({ code: 'FORKED', index: 3 });
  });
});

describe('whatever is done to a ledger', () => {
  const damage = fc.array(
    fc.oneof(
      fc.record({ what: fc.constant('drop' as const), at: fc.nat(13) }),
      fc.record({ what: fc.constant('flip' as const), at: fc.nat(13), byte: fc.nat(1_000) }),
      fc.record({ what: fc.constant('double' as const), at: fc.nat(13), to: fc.nat(13) }),
      fc.record({ what: fc.constant('swap' as const), at: fc.nat(13), to: fc.nat(13) }),
      fc.record({ what: fc.constant('cut' as const), at: fc.nat(13) }),
    ),
    { minLength: 1, maxLength: 6 },
  );
  type Step = { what: string; at: number; to?: number; byte?: number };

  const after = (all: Commits, { what, at, to = 0, byte = 0 }: Step): Commits => {
    const [one, other] = [all[at], all[to]];
    if (what === 'cut') return all.slice(0, at);
    if (one === undefined) return all;
    if (what === 'drop') return all.toSpliced(at, 1);
    if (what === 'double') return all.toSpliced(to, 0, one);
    // Behind the place that it says it has: what says that it belongs further on may do so.
    const half = one.length >> 1;
    if (what === 'flip') return all.with(at, flipped(one, half + (byte % half)));
    return other === undefined ? all : all.with(at, other).with(to, one);
  };

  const holds = (all: Commits, one: Uint8Array) => all.some((other) => equalBytes(one, other));
  const endsUnknown = (local: Commits): boolean => {
    const last = commits.findLast((commit) => holds(local, commit)) ?? new Uint8Array(0);
    const behind = local.slice(local.findLastIndex((one) => equalBytes(one, last)) + 1);
    const unknown = behind.filter((one) => !holds(commits, one)).length;
    return unknown > commits.length - 1 - commits.indexOf(last);
  };

  it('a whole copy gives it back as it was, and a part of one never gives anything else', async () => {
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(14), async (steps, length) => {
        const local = (steps as Step[]).reduce<Commits>(after, commits);
        const whole = await heal(local, commits);
        expect(whole.bytes).toEqual(commits);
        // What stands behind the last good commit, and is none, may have been one that nobody has.
        expect(whole.ending.kind).toBe(endsUnknown(local) ? 'short' : 'whole');
        const part = await heal(local, commits.slice(0, length));
        // All of it, or a beginning of it; and where it is called whole, no commit of the ledger is behind it.
        expect(part.bytes).toEqual(commits.slice(0, part.bytes.length));
        const left = commits.slice(part.bytes.length);
        if (part.ending.kind === 'whole') expect(left.some((one) => holds(local, one))).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

/** Goes on from a beginning of the ledger, as a writer would after a rollback. */
async function goneOn(beginning: Commits, count: number): Promise<Commits> {
  const store = new MemoryStore(beginning);
  const ledger = await Ledger.open(partsOf(store), () => {});
  for (let at = 0; at < count; at++) await ledger.append([stored(`other ${at}`)]).durable;
  return store.commits;
}

async function headOf(all: Commits): Promise<string> {
  const report = await verifyLedger(new MemoryStore(all), identity);
  return report.ok ? report.head : toHex(new Uint8Array(0));
}
