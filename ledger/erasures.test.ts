import { describe, expect, it } from 'vitest';
import type { Draft, LedgerRecord } from './bodies.ts';
import { Ledger } from './ledger.ts';
import type { ScopeKeys } from './record-opener.ts';
import { begin, keys, otherScope, partsOf, stored, vaultScope } from './testing/fixtures.ts';
import { MemoryStore } from './testing/memory-store.ts';

/** Keys from which the other scope's was destroyed. */
const without: ScopeKeys = (scope) => (scope === otherScope ? undefined : keys(scope));

type Said = { readonly records?: number; readonly last?: Uint8Array };

/** An erasure of the other scope, as it stands in this ledger, or as it is claimed to. */
function erasure(ledger: Ledger, claimed: Said = {}): Draft {
  const { index: records, previous } = ledger.begin().scopeEnd(otherScope);
  const last = previous ?? new Uint8Array(32);
  const scopes = [{ scope: otherScope, records, last, ...claimed }];
  const what = { kind: 'field' as const, name: 'personal/name' };
  const body = { what, scopes, remains: { sent: [], unanswered: [] } };
  return { kind: 'erased', scope: vaultScope, body };
}

/** Records 1 and 3 of the other scope, 2 and 4 of the vault's; then an erasure, then one more. */
async function erased(claimed?: Said): Promise<{ store: MemoryStore; ledger: Ledger }> {
  const store = new MemoryStore();
  const ledger = await begin(store);
  for (const scope of [otherScope, vaultScope, otherScope, vaultScope])
    await ledger.append([stored('x', scope)]).durable;
  await ledger.append([erasure(ledger, claimed)]).durable;
  await ledger.append([stored('after')]).durable;
  return { store, ledger };
}

async function open(store: MemoryStore, scopeKeys: ScopeKeys): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  await Ledger.open({ ...partsOf(store), keys: scopeKeys }, (record) => records.push(record));
  return records;
}

describe('a ledger of which a scope was erased', () => {
  it('opens over tombstones, which say nothing but where they stand', async () => {
    const { store } = await erased();
    const records = await open(store, without);
    const kinds = records.map(({ kind }) => kind);
    expect(kinds).toEqual([
      'genesis',
      'tombstone',
      'stored',
      'tombstone',
      'stored',
      'erased',
      'stored',
    ]);
    const [, first, , second] = records;
    expect([first?.body, first?.scopeIndex]).toEqual([{ was: 'stored' }, 0]);
    expect([second?.body, second?.scopeIndex]).toEqual([{ was: 'stored' }, 1]);
  });

  it('opens whole while the keys are not destroyed yet, and names them', async () => {
    const { store } = await erased();
    expect((await open(store, keys)).map(({ kind }) => kind)).not.toContain('tombstone');
    const ledger = await Ledger.open(partsOf(store), () => {});
    expect([...ledger.erased]).toEqual([otherScope]);
  });

  it('does not open when a key is gone that no erasure names', async () => {
    const store = new MemoryStore();
    const ledger = await begin(store);
    await ledger.append([stored('x'), stored('x', otherScope)]).durable;
    await expect(open(store, without)).rejects.toMatchObject({ code: 'KEY_MISSING', index: 2 });
  });

  it.each([
    ['with its key', keys],
    ['without it', without],
  ])('has no record of that scope above its erasure: %s', async (_, scopeKeys) => {
    const { store, ledger } = await erased();
    await ledger.append([stored('forged', otherScope)]).durable;
    await expect(open(store, scopeKeys)).rejects.toMatchObject({
      code: 'TOMBSTONE_INVALID',
      index: 7,
    });
  });

  it.each<[string, Said]>([
    ['fewer records', { records: 1 }],
    ['more records', { records: 3 }],
    ['another last record', { last: new Uint8Array(32).fill(1) }],
  ])('does not open when its erasure claims %s', async (_, claimed) => {
    const { store } = await erased(claimed);
    for (const scopeKeys of [keys, without])
      await expect(open(store, scopeKeys)).rejects.toMatchObject({
        code: 'TOMBSTONE_INVALID',
        index: 5,
      });
  });

  it('is not erased twice', async () => {
    const { store, ledger } = await erased();
    await ledger.append([erasure(ledger)]).durable;
    await expect(open(store, without)).rejects.toMatchObject({
      code: 'TOMBSTONE_INVALID',
      index: 7,
    });
  });
});
