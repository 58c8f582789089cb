import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../wire/msgpack.ts';
import type { Draft } from './bodies.ts';
import { commitBytesMax, commitRecordsMax } from './commit-format.ts';
import { Ledger } from './ledger.ts';
import {
  begin,
  genesis,
  otherScope,
  partsOf,
  reopen,
  startTime,
  stored,
  valuesOf,
  vaultScope,
} from './testing/fixtures.ts';
import { MemoryStore } from './testing/memory-store.ts';

/** How many records each stored commit has. */
function counts(store: MemoryStore): number[] {
  return store.commits.map((commit) => {
    const [, , , , records] = decode(commit) as readonly unknown[];
    return (records as readonly unknown[]).length;
  });
}

function many(count: number, value = 'v'): Draft[] {
  return Array.from({ length: count }, () => stored(value));
}

describe('a ledger', () => {
  it('gives back after opening what was appended, member for member', async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    const appended = [
      ...ledger.append([stored('one'), { ...stored('two', otherScope), cause: 1 }]).records,
      ...ledger.append([stored('three')]).records,
    ];
    await ledger.flush();
    const { records } = await reopen(store);
    expect(records.slice(1)).toStrictEqual(appended);
    expect(appended.map(({ index, scopeIndex }) => [index, scopeIndex])).toEqual([
      [1, 1],
      [2, 0],
      [3, 2],
    ]);
  });

  it('is appended to after it was opened again', async () => {
    const store = new MemoryStore();
    await (await begin(store)).append([stored('one')]).durable;
    const { ledger } = await reopen(store);
    await ledger.append([stored('two')]).durable;
    expect(valuesOf((await reopen(store)).records)).toEqual(['one', 'two']);
  });

  it('keeps no hold of the draft', async () => {
    const ledger = await begin(new MemoryStore());
    const body = { field: 'personal/name', value: 'before' };
    const { records } = ledger.append([{ kind: 'stored', scope: vaultScope, body }]);
    body.value = 'after';
    expect(valuesOf(records)).toEqual(['before']);
  });

  it('never lets time go back', async () => {
    const times = [startTime, startTime + 50, startTime - 1000, startTime + 60];
    const parts = { ...partsOf(new MemoryStore()), now: () => times.shift() ?? 0 };
    const ledger = await Ledger.create(parts);
    const seen = [genesis, stored('a'), stored('b'), stored('c')].map(
      (draft) => ledger.append([draft]).records[0]?.time,
    );
    expect(seen).toEqual([startTime, startTime + 50, startTime + 50, startTime + 60]);
    expect(ledger.end.time).toBe(startTime + 60);
    const old = () => ledger.append([stored('d')], startTime);
    expect(old).toThrow(expect.objectContaining({ code: 'TIME_REVERSED' }));
    await ledger.flush();
  });

  it('begins with its genesis and has no second one', async () => {
    const store = new MemoryStore();
    const invalid = expect.objectContaining({ code: 'GENESIS_INVALID' });
    const ledger = await Ledger.create(partsOf(store));
    expect(() => ledger.append([stored('x')])).toThrow(invalid);
    expect(() => ledger.append([genesis, genesis])).toThrow(invalid);
    await ledger.append([genesis]).durable;
    expect(() => ledger.append([genesis])).toThrow(invalid);
    await expect(Ledger.create(partsOf(store))).rejects.toEqual(invalid);
  });

  it('does not open with a key that is not its own, nor where there is none', async () => {
    const store = new MemoryStore();
    const parts = { ...partsOf(store), signerFor: () => undefined };
    await expect(Ledger.create(parts)).rejects.toMatchObject({ code: 'FOREIGN' });
    await begin(store);
    await expect(Ledger.open(parts, () => undefined)).rejects.toMatchObject({ code: 'FOREIGN' });
    await expect(reopen(new MemoryStore())).rejects.toMatchObject({ code: 'EMPTY' });
  });
});

describe('group commit', () => {
  it('writes a burst in few commits, in the order of the calls', async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    const values = Array.from({ length: 500 }, (_, at) => `${at}`);
    await Promise.all(values.map((value) => ledger.append([stored(value)]).durable));
    expect(counts(store)).toEqual([1, 500]);
    expect(valuesOf((await reopen(store)).records)).toEqual(values);
  });

  it('fills the next commit while one is in flight', async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    const all: Promise<void>[] = [];
    store.onAppend = (keep) => {
      if (store.appends < 5) all.push(...many(10).map((fact) => ledger.append([fact]).durable));
      keep();
      return 'appended';
    };
    await ledger.append([stored('first')]).durable;
    await ledger.flush();
    await Promise.all(all);
    expect(counts(store)).toEqual([1, 1, 10, 10, 10]);
  });

  it('never splits what was appended together, nor exceeds what a commit may hold', async () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.nat(600)), {
      minLength: 1,
      maxLength: 12,
    });
    const property = fc.asyncProperty(sizes, async (groups) => {
      const store = new MemoryStore();
      const ledger = await begin(store);
      for (const [count, length] of groups) ledger.append(many(count, 'v'.repeat(length)));
      await ledger.flush();
      const ends = new Set<number>();
      groups.reduce((sum, [count]) => {
        ends.add(sum + count);
        return sum + count;
      }, 1);
      let end = 0;
      for (const [at, count] of counts(store).entries()) {
        end += count;
        expect(at === 0 || ends.has(end)).toBe(true);
        expect(count).toBeLessThanOrEqual(commitRecordsMax);
        expect(store.commits[at]?.length).toBeLessThanOrEqual(commitBytesMax);
      }
      expect(end).toBe(ledger.end.size);
      expect((await reopen(store)).records).toHaveLength(end);
    });
    await fc.assert(property, { numRuns: 10 });
  });
});

describe('facts that cannot be appended', () => {
  it.each<[string, readonly Draft[], string]>([
    ['too many for one commit', many(commitRecordsMax + 1), 'TOO_LARGE'],
    ['too many bytes for one record', many(1, 'v'.repeat(500_000)), 'TOO_LARGE'],
    ['too many bytes for one commit', many(3, 'v'.repeat(200_000)), 'TOO_LARGE'],
    ['of a scope without a key', [stored('fine'), stored('x', 'cc'.repeat(16))], 'KEY_MISSING'],
    ['that follow from what is not there', [{ ...stored('x'), cause: 99 }], 'BODY_MALFORMED'],
  ])('are refused and take no place: %s', async (_, drafts, code) => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    expect(() => ledger.append(drafts)).toThrow(expect.objectContaining({ code }));
    expect(ledger.end.size).toBe(1);
    expect(ledger.closed).toBeUndefined();
    await ledger.append([stored('next')]).durable;
    expect(valuesOf((await reopen(store)).records)).toEqual(['next']);
  });

  it('are no facts, or have a time that is none', async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    expect(() => ledger.append([])).toThrow(RangeError);
    for (const time of [Number.NaN, startTime + 0.5, 2 ** 60])
      expect(() => ledger.append([stored('x')], startTime + time)).toThrow();
    await ledger.flush();
    expect(counts(store)).toEqual([1]);
  });

  it('come after it was closed; what was in flight still becomes durable', async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    let queued: Promise<void> | undefined;
    store.onAppend = (keep) => {
      queued = ledger.append([stored('queued')]).durable;
      ledger.close();
      keep();
      return 'appended';
    };
    await ledger.append([stored('in flight')]).durable;
    await expect(queued).rejects.toMatchObject({ code: 'CLOSED' });
    // Something was dropped, so not everything is durable.
    await expect(ledger.flush()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => ledger.append([stored('x')])).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    expect(valuesOf((await reopen(store)).records)).toEqual(['in flight']);
  });
});
