import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinary } from '../../cli/servers.ts';
import { NatsServerError } from '../../core/bus/nats-server-error.ts';
import { verifyCommit } from '../../ledger/commit.ts';
import type { CommitStore } from '../../ledger/commit-store.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { ledgerStream } from '../../ledger/jetstream-store.ts';
import { decode, encode, type MsgpackValue } from '../../wire/msgpack.ts';
import type { TestHouse } from '../harness.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';
import {
  memoryStore,
  onDamagedCopy,
  type PlacedCommit,
  placedCommits,
  smallVault,
  type Verdict,
  verdictOn,
} from './small-ledger.ts';

const diskFlips = 300;
const atOnce = 3;
/** How many flips are tried on one commit for each that is tried on the whole ledger. */
const wholeEvery = 97;

let house: TestHouse;
let random: SeededRandom;
let commits: readonly PlacedCommit[];
let leaves: readonly string[];
let folder: string;

beforeAll(async () => {
  random = seededRandom('byte-flips');
  folder = await mkdtemp(join(tmpdir(), 'cambium-flips-'));
  house = await smallVault();
  const place = join(folder, 'whole');
  await onDamagedCopy(house, await natsBinary(() => {}), place, untouched, async (store) => {
    commits = await placedCommits(store, house.card.ledger);
    leaves = (await verdictOn(store, house.card.ledger)).leaves;
  });
});

afterAll(async () => {
  await house?.destroy();
  await rm(folder, { recursive: true, force: true });
});

const untouched = async (): Promise<void> => {};

/** What verification says of these commits, read from memory. */
function verdict(changed: readonly Uint8Array[]): Promise<Verdict> {
  return verdictOn(memoryStore(changed), house.card.ledger);
}

/** All commits, with other bytes at one place. */
function withCommit(at: number, bytes: Uint8Array): Uint8Array[] {
  return commits.map((commit, place) => (place === at ? bytes : commit.bytes));
}

/** The commit at `at` has to be named, by one of its own records, and all before it is whole. */
function expectNamed({ leaves: found, failure }: Verdict, at: number, what: string): void {
  const { first, end } = commits[at] ?? { first: -1, end: -1 };
  const place = { index: failure?.index ?? -1, sequence: failure?.sequence, whole: found.length };
  const named = place.index >= first && place.index < end;
  if (!named || place.sequence !== at + 1 || place.whole !== first)
    expect.fail(`${what}: ${JSON.stringify(place)}, of records ${first} to ${end - 1}`);
}

/** A commit that is refused where it stands, by the index of one of its records. */
function expectRefused(
  { first, end, before }: PlacedCommit,
  changed: Uint8Array,
  what: string,
): void {
  let index: number | undefined;
  try {
    verifyCommit(changed, house.card.ledger, before);
  } catch (error) {
    if (error instanceof LedgerError) index = error.index;
    else throw error;
  }
  if (index === undefined || index < first || index >= end)
    expect.fail(`${what}: record ${index} is named, of ${first} to ${end - 1}`);
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}

/** A commit whose list of records was changed, everything else as it was signed. */
function withRecords(
  commit: Uint8Array,
  change: (records: MsgpackValue[]) => MsgpackValue[],
): Uint8Array {
  const parts = decode(commit) as MsgpackValue[];
  const records = change([...(parts[4] as MsgpackValue[])]);
  return encode(parts.map((part, at) => (at === 4 ? records : part)) as MsgpackValue);
}

describe('a small ledger that a vault has written', () => {
  it('verifies as it is', async () => {
    const whole = await verdict(commits.map(({ bytes }) => bytes));
    expect(whole).toEqual({ leaves });
    expect(leaves.length).toBeGreaterThan(20);
  });

  it('is found out by one bit, or all bits, of any byte', async () => {
    let flips = 0;
    for (const [at, commit] of commits.entries())
      for (let byte = 0; byte < commit.bytes.length; byte++)
        for (const mask of [1 << random.between(0, 8), 0xff]) {
          const changed = flipped(commit.bytes, byte, mask);
          const what = `commit ${at + 1}, byte ${byte}, mask ${mask}`;
          expectRefused(commit, changed, what);
          // What verification does at each commit is what was done just now; some of it as a whole.
          if (flips++ % wholeEvery === 0)
            expectNamed(await verdict(withCommit(at, changed)), at, what);
        }
    console.log(`${flips} flips in ${commits.length} commits, ${leaves.length} records`);
  });

  it('is found out by a commit that is cut or has bytes behind it', async () => {
    for (const [at, { bytes }] of commits.entries()) {
      for (const length of [0, 1, bytes.length >> 1, bytes.length - 1])
        expectNamed(await verdict(withCommit(at, bytes.slice(0, length))), at, `cut to ${length}`);
      const longer = new Uint8Array([...bytes, 0]);
      expectNamed(await verdict(withCommit(at, longer)), at, 'one byte more');
    }
  });
});

describe('records of a ledger', () => {
  it('are found out when two of one commit are swapped, one is dropped, or doubled', async () => {
    let tried = 0;
    for (const [at, { bytes, first, end }] of commits.entries()) {
      if (end - first < 2) continue;
      const changes: ((records: MsgpackValue[]) => MsgpackValue[])[] = [
        ([a, b, ...rest]) => [b ?? null, a ?? null, ...rest],
        ([, ...rest]) => rest,
        (records) => records.slice(0, -1),
        (records) => [...records, records.at(-1) ?? null],
      ];
      for (const change of changes) {
        expectNamed(await verdict(withCommit(at, withRecords(bytes, change))), at, 'records');
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(8);
  });

  it('are found out when two of different commits are swapped', async () => {
    const recordOf = (at: number) =>
      ((decode(commits[at]?.bytes ?? new Uint8Array()) as MsgpackValue[])[4] as MsgpackValue[])[0];
    for (let at = 1; at < commits.length; at++)
      for (let other = at + 1; other < commits.length; other++) {
        const put = (place: number, from: number): Uint8Array =>
          withRecords(commits[place]?.bytes ?? new Uint8Array(), ([, ...rest]) => [
            recordOf(from) ?? null,
            ...rest,
          ]);
        const changed = withCommit(at, put(at, other));
        changed[other] = put(other, at);
        expectNamed(await verdict(changed), at, `records of ${at + 1} and ${other + 1}`);
      }
  });
});

describe('commits of a ledger', () => {
  const bytesOf = (): Uint8Array[] => commits.map(({ bytes }) => bytes);

  it('are found out when one is dropped from the beginning or the middle', async () => {
    for (let at = 0; at < commits.length - 1; at++) {
      const { failure, leaves: found } = await verdict(bytesOf().toSpliced(at, 1));
      expect({ index: failure?.index, whole: found.length }).toEqual({
        index: commits[at]?.first,
        whole: commits[at]?.first,
      });
    }
  });

  it('are found out when one is doubled, at once or later', async () => {
    for (const [at, commit] of commits.entries())
      for (let place = at + 1; place <= commits.length; place++) {
        const { failure } = await verdict(bytesOf().toSpliced(place, 0, commit.bytes));
        expect(failure?.index).toBe(commits[place]?.first ?? leaves.length);
      }
  });

  it('are found out when one is moved, or two are swapped', async () => {
    for (let at = 0; at < commits.length; at++)
      for (let other = at + 1; other < commits.length; other++) {
        const [a, b] = [commits[at], commits[other]];
        if (a === undefined || b === undefined) continue;
        const moved = bytesOf().toSpliced(at, 1).toSpliced(other, 0, a.bytes);
        expect((await verdict(moved)).failure?.index).toBe(a.first);
        const swapped = bytesOf().with(at, b.bytes).with(other, a.bytes);
        expect((await verdict(swapped)).failure?.index).toBe(a.first);
      }
  });

  it('verify without the last ones: a cut tail shows only against a pin', async () => {
    const shorter = await verdict(bytesOf().slice(0, -2));
    expect(shorter).toEqual({ leaves: leaves.slice(0, commits.at(-2)?.first) });
  });
});

describe('files of the ledger server', () => {
  /** A place that was damaged; whether the server finds the index that it wrote when it stopped. */
  type Place = { readonly what: string; readonly indexed: boolean };

  /** Flips one bit at a random place of a message block; half of the times without the index, as after a kill. */
  async function flipOnDisk(store: string): Promise<Place> {
    const messages = join(store, `jetstream/LEDGER/streams/${ledgerStream(house.card.vault)}/msgs`);
    const blocks = (await readdir(messages)).filter((name) => name.endsWith('.blk'));
    const block = join(messages, blocks[random.between(0, blocks.length)] ?? '');
    const bytes = await readFile(block);
    const at = random.between(0, bytes.length);
    await writeFile(block, flipped(bytes, at, 1 << random.between(0, 8)));
    const indexed = random.next() < 0.5;
    if (!indexed) await rm(join(messages, 'index.db'), { force: true });
    return { what: `byte ${at} of ${bytes.length}${indexed ? '' : ', no index'}`, indexed };
  }

  type End = 'found' | 'cut tail' | 'whole' | 'no start';

  /** Damages a copy, and says how it shows; fails where it does not show and other records are there. */
  async function flipOne(binary: string, number: number): Promise<{ end: End; indexed: boolean }> {
    const copy = join(folder, `${number}`);
    let place: Place = { what: '', indexed: false };
    const damage = async (store: string): Promise<void> => {
      place = await flipOnDisk(store);
    };
    const check = (store: CommitStore) => verdictOn(store, house.card.ledger);
    try {
      const verdict = await onDamagedCopy(house, binary, copy, damage, check);
      return { end: judged(verdict, place.what), indexed: place.indexed };
    } catch (error) {
      // Some damage keeps the server from ever being ready: nothing opens then either.
      if (error instanceof NatsServerError) return { end: 'no start', indexed: place.indexed };
      throw error;
    } finally {
      await rm(copy, { recursive: true });
    }
  }

  function judged({ leaves: found, failure }: Verdict, what: string): End {
    expect(found, what).toEqual(leaves.slice(0, found.length));
    if (failure !== undefined) {
      // A ledger of which nothing is left has no first bad record.
      if (failure.code !== 'EMPTY') expect(failure.index, what).toBe(found.length);
      return 'found';
    }
    if (found.length === leaves.length) return 'whole';
    // Only whole commits at the end can be missing without a word.
    expect(
      commits.map(({ first }) => first),
      what,
    ).toContain(found.length);
    return 'cut tail';
  }

  it(`give no other records than those written, after any of ${diskFlips} flips`, async () => {
    const binary = await natsBinary(() => {});
    const none = { found: 0, 'cut tail': 0, whole: 0, 'no start': 0 };
    const indexed: Record<End, number> = { ...none };
    const bare: Record<End, number> = { ...none };
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < diskFlips) {
        const flip = await flipOne(binary, next++);
        (flip.indexed ? indexed : bare)[flip.end] += 1;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    console.log('flips on disk:', { indexed, 'without index': bare });
    // With its index the server leaves out what is damaged, and a hole shows. Without, it may cut the ledger there.
    const others = indexed['cut tail'] + indexed.whole + indexed['no start'];
    expect(others).toBeLessThan(indexed.found / 10);
    expect(bare['no start']).toBeLessThan(diskFlips / 20);
  });
});
