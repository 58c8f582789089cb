import { describe, expect, it } from 'vitest';
import { signerFrom } from '../wire/crypto.ts';
import { leafOf, ledgerIdOf, nextHead } from './chain.ts';
import { emptyChain } from './chain-end.ts';
import { encodeCommit } from './commit-format.ts';
import type { StoredCommit } from './commit-store.ts';
import type { LedgerError } from './errors.ts';
import { verifyStore } from './reader.ts';
import { sealRecord } from './record.ts';
import { RecordOpener, type ScopeKeys } from './record-opener.ts';
import { ScopeChains } from './scope-chains.ts';
import {
  begin,
  fixedBytes,
  genesis,
  identity,
  keys,
  otherScope,
  reopen,
  signer,
  startTime,
  stored,
  valuesOf,
  vaultScope,
} from './testing/fixtures.ts';
import { MemoryStore } from './testing/memory-store.ts';

/** A store of seven commits: the genesis, and the values 1 to 6. */
async function filled(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const ledger = await begin(store);
  for (let value = 1; value <= 6; value++)
    await ledger.append([stored(`${value}`, value % 2 ? vaultScope : otherScope)]).durable;
  return store;
}

async function verify(store: MemoryStore): Promise<{ size: number; failure: string }> {
  let size = 0;
  try {
    for await (const { end } of verifyStore(store, identity)) size = end.size;
  } catch (error) {
    const { code, index, sequence } = error as LedgerError;
    return { size, failure: `${code}@${index}/${sequence}` };
  }
  return { size, failure: 'none' };
}

describe('verifying a store', () => {
  it('goes through when it is whole, and opens to what was appended', async () => {
    const store = await filled();
    expect(await verify(store)).toEqual({ size: 7, failure: 'none' });
    const { records, ledger } = await reopen(store);
    expect(valuesOf(records)).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(ledger.end.size).toBe(7);
  });

  it.each<[string, (commits: Uint8Array[]) => Uint8Array[], string]>([
    ['left out in the middle', (c) => c.toSpliced(3, 1), 'INDEX_GAP@3/4'],
    ['doubled', (c) => c.toSpliced(3, 0, c[2] as never), 'INDEX_GAP@3/4'],
    ['exchanged', (c) => c.with(2, c[3] as never).with(3, c[2] as never), 'INDEX_GAP@2/3'],
    ['left out at the start', (c) => c.slice(1), 'INDEX_GAP@0/1'],
    ['emptied', (c) => c.with(4, new Uint8Array(0)), 'COMMIT_MALFORMED@4/5'],
    ['left out, all of them', () => [], 'EMPTY@undefined/undefined'],
  ])('finds commits %s', async (_, change, failure) => {
    const store = await filled();
    store.commits = change(store.commits);
    expect((await verify(store)).failure).toBe(failure);
  });

  it('finds a commit that the store itself left out', async () => {
    const store = await filled();
    store.scan = async function* (): AsyncIterable<StoredCommit> {
      for (const [at, bytes] of store.commits.entries())
        if (at !== 3) yield { sequence: at + 1, bytes };
    };
    expect(await verify(store)).toEqual({ size: 3, failure: 'SEQUENCE_GAP@3/4' });
  });

  it('finds a tail that the store claims but does not give', async () => {
    const store = await filled();
    store.last = async () => 9;
    expect(await verify(store)).toEqual({ size: 7, failure: 'SEQUENCE_GAP@7/8' });
  });

  it('cannot find a tail that the store has forgotten', async () => {
    const store = await filled();
    store.commits.length = 4;
    expect(await verify(store)).toEqual({ size: 4, failure: 'none' });
  });

  it('does not mistake commits that come in meanwhile for lost ones', async () => {
    const store = await filled();
    const { ledger } = await reopen(store);
    let size = 0;
    for await (const { end } of verifyStore(store, identity)) {
      size = end.size;
      if (size === 7) await ledger.append([stored('late')]).durable;
    }
    expect(size).toBe(7);
    expect(await verify(store)).toEqual({ size: 8, failure: 'none' });
  });

  it('refuses another key than the one that the ledger id stands for', async () => {
    const { publicKey } = signerFrom(fixedBytes('other'));
    const store = await filled();
    const wrong = [
      { id: identity.id, publicKey },
      { id: ledgerIdOf(publicKey), publicKey },
    ];
    for (const other of wrong) {
      const commits = verifyStore(store, other)[Symbol.asyncIterator]();
      await expect(commits.next()).rejects.toMatchObject({ code: 'FOREIGN' });
    }
  });
});

describe('opening records', () => {
  async function open(store: MemoryStore, scopeKeys: ScopeKeys): Promise<string> {
    const opener = new RecordOpener(identity, scopeKeys);
    try {
      for await (const commit of verifyStore(store, identity)) for (const _ of opener.open(commit));
      opener.finish();
    } catch (error) {
      return `${(error as LedgerError).code}@${(error as LedgerError).index}`;
    }
    return 'whole';
  }

  it('stops where a scope has no key, or another one', async () => {
    const store = await filled();
    expect(await open(store, keys)).toBe('whole');
    const without: ScopeKeys = (scope) => (scope === otherScope ? undefined : keys(scope));
    expect(await open(store, without)).toBe('KEY_MISSING@2');
    const wrong: ScopeKeys = (scope) => (scope === otherScope ? fixedBytes('x') : keys(scope));
    expect(await open(store, wrong)).toBe('KEY_COMMITMENT@2');
  });

  /** A ledger of two records whose second one says where in its scope it stands. */
  function claiming(scopeIndex: number, scopePrevious: 'genesis' | 'other' | null): MemoryStore {
    const key = keys(vaultScope) as Uint8Array;
    const nonce = fixedBytes('n', 24);
    const place = { ledgerId: identity.id, index: 0, time: startTime };
    const first = { ...place, scopeIndex: 0, scopePrevious: null };
    const one = sealRecord(genesis, first, key, nonce).bytes;
    const leaf = { genesis: leafOf(one), other: fixedBytes('leaf') };
    const previous = scopePrevious === null ? null : leaf[scopePrevious];
    const second = { ...place, index: 1, scopeIndex, scopePrevious: previous };
    const two = sealRecord(stored('x'), second, key, nonce).bytes;
    const start = emptyChain(identity);
    const head = [one, two].map(leafOf).reduce(nextHead, start.head);
    const commit = { signer, ledgerId: identity.id, before: start, records: [one, two], head };
    return new MemoryStore([encodeCommit(commit)]);
  }

  it('stops where a record of its scope is missing', async () => {
    expect(await open(claiming(1, 'genesis'), keys)).toBe('whole');
    expect(await open(claiming(2, 'genesis'), keys)).toBe('SCOPE_CHAIN@1');
    expect(await open(claiming(1, 'other'), keys)).toBe('SCOPE_CHAIN@1');
    expect(await open(claiming(0, null), keys)).toBe('SCOPE_CHAIN@1');
  });
});

describe('places in scopes', () => {
  it('are taken over from chains that were tried, or left as they were', () => {
    const base = new ScopeChains();
    base.take('a', fixedBytes('1'));
    const tried = new ScopeChains(base);
    expect(tried.take('a', fixedBytes('2'))).toEqual({ index: 1, previous: fixedBytes('1') });
    expect(tried.take('b', fixedBytes('3'))).toEqual({ index: 0, previous: null });
    expect(base.next('a')).toEqual({ index: 1, previous: fixedBytes('1') });
    base.adopt(tried);
    expect(base.next('a')).toEqual({ index: 2, previous: fixedBytes('2') });
    expect(base.next('b')).toEqual({ index: 1, previous: fixedBytes('3') });
  });
});
