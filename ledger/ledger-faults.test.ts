import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LedgerRecord } from './bodies.ts';
import { Ledger } from './ledger.ts';
import { begin, genesis, partsOf, reopen, stored, valuesOf } from './testing/fixtures.ts';
import { MemoryStore } from './testing/memory-store.ts';

/** What goes wrong with the commit under test; everything before it went well. */
type Fault = {
  /** Answer to append number `attempt`, counting from 1; `keep` stores the commit or throws. */
  readonly append: (attempt: number, keep: () => void) => 'appended' | 'duplicate';
  /** Whether reading number `attempt` fails. */
  readonly readFails?: (attempt: number) => boolean;
  readonly otherWriter?: boolean;
  readonly outcome: 'landed' | 'STORE_UNAVAILABLE' | 'FENCED';
  /** Whether the commit is in the store afterwards. */
  readonly kept: boolean;
};

const fail = (): never => {
  throw new Error('no answer');
};
const kept = (keep: () => void) => {
  keep();
  return fail();
};
const answer = <Answer>(keep: () => void, given: Answer): Answer => {
  keep();
  return given;
};
const always = () => true;
const once = (attempt: number) => attempt === 1;

const faults: Record<string, Fault> = {
  'append fails once': {
    append: (attempt, keep) => (attempt === 1 ? fail() : answer(keep, 'appended')),
    outcome: 'landed',
    kept: true,
  },
  'append fails, always': { append: fail, outcome: 'STORE_UNAVAILABLE', kept: false },
  'append fails, always, and reading too': {
    append: fail,
    readFails: always,
    outcome: 'STORE_UNAVAILABLE',
    kept: false,
  },
  'append fails but was kept': { append: (_, keep) => kept(keep), outcome: 'landed', kept: true },
  'append fails but was kept, and reading fails once': {
    append: (_, keep) => kept(keep),
    readFails: once,
    outcome: 'landed',
    kept: true,
  },
  'append fails but was kept, and reading fails always': {
    append: (_, keep) => kept(keep),
    readFails: always,
    outcome: 'STORE_UNAVAILABLE',
    kept: true,
  },
  'append fails, then is kept by a late first try': {
    append: (attempt, keep) => (attempt === 2 ? kept(keep) : fail()),
    outcome: 'landed',
    kept: true,
  },
  'append answers duplicate though it was kept': {
    append: (attempt, keep) => (attempt === 1 ? answer(keep, 'duplicate') : 'duplicate'),
    outcome: 'landed',
    kept: true,
  },
  'append answers duplicate though it was kept, and reading fails once': {
    append: (attempt, keep) => (attempt === 1 ? answer(keep, 'duplicate') : 'duplicate'),
    readFails: once,
    outcome: 'landed',
    kept: true,
  },
  'append answers duplicate, and nothing was kept': {
    append: () => 'duplicate',
    outcome: 'STORE_UNAVAILABLE',
    kept: false,
  },
  'another writer was there before': {
    append: (_, keep) => answer(keep, 'appended'),
    otherWriter: true,
    outcome: 'FENCED',
    kept: false,
  },
  'another writer was there before, and reading fails once': {
    append: (_, keep) => answer(keep, 'appended'),
    readFails: once,
    otherWriter: true,
    outcome: 'FENCED',
    kept: false,
  },
  'another writer was there before, and the answer is duplicate': {
    append: () => 'duplicate',
    otherWriter: true,
    outcome: 'FENCED',
    kept: false,
  },
};

/** From here on, `fault` happens to the commit that is appended next. */
async function arm(store: MemoryStore, fault: Fault): Promise<void> {
  if (fault.otherWriter) {
    const other = new MemoryStore(store.commits);
    if (other.commits.length === 0) await begin(other);
    else await (await reopen(other)).ledger.append([stored('of the other')]).durable;
    store.commits = other.commits;
  }
  let reads = 0;
  store.appends = 0;
  store.onAppend = (keep) => fault.append(store.appends, keep);
  store.onRead = () => {
    reads += 1;
    if (fault.readFails?.(reads)) fail();
  };
}

function disarm(store: MemoryStore): void {
  store.onAppend = undefined;
  store.onRead = undefined;
}

/** Code with which a promise is rejected; `landed` when it is not. */
async function outcomeOf(durable: Promise<void>): Promise<string> {
  return durable.then(
    () => 'landed',
    (error) => error.code ?? `${error}`,
  );
}

const leaves = (records: readonly LedgerRecord[]) => records.map(({ leaf }) => leaf);

async function contentsOf(store: MemoryStore): Promise<readonly LedgerRecord[]> {
  return store.commits.length === 0 ? [] : (await reopen(store)).records;
}

/** All that has to hold once the commit under test is settled. */
async function expectSettled(
  store: MemoryStore,
  ledger: Ledger,
  fault: Fault,
  tested: { records: readonly LedgerRecord[]; durable: Promise<void> },
): Promise<void> {
  const outcome = outcomeOf(tested.durable);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await outcome).toBe(fault.outcome);
  disarm(store);
  if (fault.outcome === 'landed') {
    expect(ledger.closed).toBeUndefined();
    await ledger.append([stored('later')]).durable;
    await ledger.flush();
  } else {
    const refused = expect.objectContaining({ code: fault.outcome });
    expect(ledger.closed).toEqual(refused);
    for (let times = 0; times < 2; times++)
      expect(() => ledger.append([stored('later')])).toThrow(refused);
    await expect(ledger.flush()).rejects.toEqual(refused);
  }
  const found = leaves(await contentsOf(store));
  for (const { leaf } of tested.records)
    expect(found.filter((other) => Buffer.compare(other, leaf) === 0)).toHaveLength(
      fault.kept ? 1 : 0,
    );
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each(Object.entries(faults))('when %s,', (_, fault) => {
  const end = fault.outcome === 'landed' ? 'it lands once' : `the ledger closes: ${fault.outcome}`;

  it(`with the first commit, ${end}`, async () => {
    const store = new MemoryStore();
    const ledger = await Ledger.create(partsOf(store));
    await arm(store, fault);
    await expectSettled(store, ledger, fault, ledger.append([genesis, stored('tested')]));
  });

  it(`with a commit in the middle, ${end}`, async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    await ledger.append([stored('before')]).durable;
    await arm(store, fault);
    await expectSettled(store, ledger, fault, ledger.append([stored('tested'), stored('too')]));
    expect(valuesOf(await contentsOf(store))[0]).toBe('before');
  });

  it(`while others queue, ${end}, and they share its lot`, async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    await arm(store, fault);
    const tested = ledger.append([stored('tested')]);
    await Promise.resolve();
    await Promise.resolve();
    expect(store.appends).toBe(1);
    const queued = ['second', 'third'].map((value) => ledger.append([stored(value)]));
    // The commit under test has the fault, the next one has none.
    tested.durable.then(
      () => disarm(store),
      () => undefined,
    );
    await expectSettled(store, ledger, fault, tested);
    for (const { durable } of queued) expect(await outcomeOf(durable)).toBe(fault.outcome);
    const values = valuesOf(await contentsOf(store));
    if (fault.outcome === 'landed') expect(values).toEqual(['tested', 'second', 'third', 'later']);
    else expect(values).not.toContain('second');
  });
});
