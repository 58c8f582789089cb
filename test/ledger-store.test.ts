import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Draft } from '../ledger/bodies.ts';
import type { CommitStore, StoredCommit } from '../ledger/commit-store.ts';
import { Ledger } from '../ledger/ledger.ts';
import {
  begin,
  genesis,
  partsOf,
  reopen,
  stored,
  valuesOf,
  vaultScope,
} from '../ledger/testing/fixtures.ts';
import { LedgerWorld } from './ledger-store-world.ts';

let world: LedgerWorld;
let store: CommitStore;

beforeEach(async () => {
  world = await LedgerWorld.make();
  await world.start();
  await world.createStream();
  store = await world.store();
});

afterEach(async () => {
  await world.remove();
});

const bytes = (size: number) => new Uint8Array(randomBytes(size));

async function scanned(from: number, of: CommitStore = store): Promise<StoredCommit[]> {
  const out: StoredCommit[] = [];
  for await (const commit of of.scan(from)) out.push(commit);
  return out;
}

describe('a store in JetStream', () => {
  it('is empty at first', async () => {
    expect(await store.last()).toBe(0);
    expect(await store.read(1)).toBeUndefined();
    expect(await scanned(1)).toEqual([]);
  });

  it('gives back what was appended, by scan and by place, to the vault and to a reader', async () => {
    const all = Array.from({ length: 600 }, (_, at) => bytes(1 + at));
    for (const [at, commit] of all.entries())
      expect(await store.append(commit, at, `${at}`)).toBe('appended');
    const reader = await world.store('reader');
    for (const of of [store, reader]) {
      expect(await of.last()).toBe(600);
      expect(await of.read(7)).toStrictEqual({ sequence: 7, bytes: all[6] });
      expect(await of.read(601)).toBeUndefined();
      const found = await scanned(1, of);
      expect(found.map(({ sequence }) => sequence)).toEqual(all.map((_, at) => at + 1));
      expect(found.map((commit) => commit.bytes)).toStrictEqual(all);
      expect((await scanned(599, of)).map(({ sequence }) => sequence)).toEqual([599, 600]);
      expect(await scanned(601, of)).toEqual([]);
    }
  });

  it('scans commits of the largest size', async () => {
    const large = Array.from({ length: 24 }, () => bytes(512 * 1024));
    for (const [at, commit] of large.entries()) await store.append(commit, at, `${at}`);
    const found = await scanned(1);
    expect(found).toHaveLength(large.length);
    for (const [at, { bytes: each }] of found.entries())
      expect(Buffer.compare(each, large[at] ?? each)).toBe(0);
  });

  it('scans for whoever holds up the thread for a while at each batch', async () => {
    for (let at = 0; at < 20; at++) await store.append(bytes(500_000), at, `${at}`);
    let count = 0;
    for await (const { sequence } of store.scan(1)) {
      count += 1;
      expect(sequence).toBe(count);
      if (count % 8 === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    }
    expect(count).toBe(20);
  });

  it('leaves nothing that keeps the process alive when a scan is given up', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
    for (let at = 0; at < 20; at++) await store.append(bytes(500_000), at, `${at}`);
    const before = timers();
    for await (const { sequence } of store.scan(1)) if (sequence === 3) break;
    await sleep(20);
    expect(timers().length).toBeLessThanOrEqual(before.length);
  });

  it('refuses an append that expects another last commit', async () => {
    await store.append(bytes(9), 0, 'a');
    await expect(store.append(bytes(9), 0, 'b')).rejects.toThrow(/wrong last sequence/);
    await expect(store.append(bytes(9), 2, 'c')).rejects.toThrow(/wrong last sequence/);
    expect(await store.last()).toBe(1);
  });

  it('calls the same commit a duplicate, and keeps it once', async () => {
    const commit = bytes(9);
    await store.append(commit, 0, 'a');
    await expect(store.append(commit, 0, 'a')).rejects.toThrow(/wrong last sequence/);
    expect(await store.append(commit, 1, 'a')).toBe('duplicate');
    expect(await store.last()).toBe(1);
  });

  it('cannot be appended to by a reader', async () => {
    const reader = await world.store('reader');
    await expect(reader.append(bytes(9), 0, 'a')).rejects.toThrow(/Permissions Violation/);
  });

  it('rejects, and does not hang, once its server is gone', async () => {
    await store.append(bytes(9), 0, 'a');
    await world.kill();
    await expect(scanned(1)).rejects.toThrow();
    await expect(store.last()).rejects.toThrow();
  });

  it('rejects a scan whose server goes away in the middle', async () => {
    for (let at = 0; at < 40; at++) await store.append(bytes(400_000), at, `${at}`);
    const reading = async () => {
      let count = 0;
      for await (const _ of store.scan(1)) {
        count += 1;
        if (count === 1) await world.kill();
      }
    };
    await expect(reading()).rejects.toThrow();
  });
});

describe('two writers on one server', () => {
  const opened: Draft = {
    kind: 'opened',
    scope: vaultScope,
    body: {
      writer: bytes(16),
      measurement: 'none',
      handlers: [],
      ring: { generation: 1, hash: bytes(32) },
    },
  };

  it('are fenced: the one that opened first closes, and the ledger is whole', async () => {
    const one = await begin(store);
    await one.append([stored('one')]).durable;
    const { ledger: two } = await reopen(await world.store());
    await two.append([opened]).durable;
    const late = one.append([stored('late')]);
    await expect(late.durable).rejects.toMatchObject({ code: 'FENCED', sequence: 3 });
    expect(() => one.append([stored('later')])).toThrow(
      expect.objectContaining({ code: 'FENCED' }),
    );
    await two.append([stored('two')]).durable;
    const { records } = await reopen(await world.store('reader'));
    expect(valuesOf(records)).toEqual(['one', 'two']);
  });

  it('that begin at once: one genesis stands', async () => {
    const ledgers = await Promise.all(
      [store, await world.store()].map((each) => Ledger.create(partsOf(each))),
    );
    const outcomes = await Promise.allSettled(
      ledgers.map((ledger) => ledger.append([genesis]).durable),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await reopen(store)).records).toHaveLength(1);
  });
});

describe('a server killed in the middle of appends', () => {
  it.each([1, 2, 3])(
    'has everything it acknowledged, and it verifies (round %i)',
    async (round) => {
      const ledger = await begin(store);
      const acknowledged: string[] = [];
      const appended: string[] = [];
      const settled: Promise<void>[] = [];
      const append = (value: string) => {
        appended.push(value);
        const { durable } = ledger.append([stored(value), stored(`${value}+`)]);
        settled.push(
          durable.then(
            () => void acknowledged.push(value),
            () => undefined,
          ),
        );
      };
      const killed = sleep(20 + round * 30).then(() => world.kill());
      for (let at = 0; ledger.closed === undefined && at < 100_000; at++) {
        append(`${at}`);
        if (at % 5 === 0) await sleep(0);
      }
      await killed;
      await Promise.all(settled);
      expect(ledger.closed?.code).toBe('STORE_UNAVAILABLE');
      await world.stop();
      await world.start();
      const { ledger: again, records } = await reopen(await world.store());
      const found = valuesOf(records).filter((value) => !value.endsWith('+'));
      expect(acknowledged.length).toBeGreaterThan(0);
      // In order, without a gap; perhaps with a commit whose acknowledgement was lost.
      expect(found).toEqual(appended.slice(0, found.length));
      expect(acknowledged).toEqual(found.slice(0, acknowledged.length));
      await again.append([stored('after')]).durable;
      expect((await reopen(await world.store())).records).toHaveLength(records.length + 1);
    },
  );
});
