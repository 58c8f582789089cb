import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../ledger/bodies.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { fixedBytes, genesis, partsOf, startTime } from '../../ledger/testing/fixtures.ts';
import { MemoryStore } from '../../ledger/testing/memory-store.ts';
import { evolve } from '../../projections/evolve.ts';
import { emptyState, type VaultState } from '../../projections/vault-state.ts';
import { toHex } from '../../wire/bytes.ts';
import { addCheckpoint, checkpointDue } from './checkpoints.ts';
import { Journal } from './journal.ts';

const scopeOf = (name: string): string => toHex(fixedBytes(name, 16));

/** A vault whose owner has stored this many fields, each under a key of its own. */
async function withFields(count: number): Promise<{ ledger: Ledger; journal: Journal }> {
  const parts = { ...partsOf(new MemoryStore()), keys: (scope: string) => fixedBytes(scope) };
  const ledger = await Ledger.create(parts);
  let state: VaultState = emptyState;
  const take = (records: readonly LedgerRecord[]): void => {
    state = records.reduce(evolve, state);
  };
  take(ledger.append([genesis]).records);
  for (let field = 0; field < count; field++)
    take(
      ledger.append([
        {
          kind: 'stored',
          scope: scopeOf(`${field}`),
          body: { field: `personal/f${field}`, value: 'x' },
        },
      ]).records,
    );
  await ledger.flush();
  return { ledger, journal: new Journal(ledger, state) };
}

async function checkpoint(ledger: Ledger, journal: Journal) {
  const batch = journal.beginCommit();
  addCheckpoint(batch, ledger);
  await journal.commit(batch);
  const record = batch.records[0];
  if (record?.kind !== 'checkpoint') throw new Error('no checkpoint');
  return record.body.digests.scopes;
}

describe('a checkpoint', () => {
  it('is due when as much has happened as the state holds, some thousands of records at least', () => {
    const state = { ...emptyState, size: 4_095, time: startTime };
    expect(checkpointDue(state)).toBe(false);
    expect(checkpointDue({ ...state, size: 4_096 })).toBe(true);
  });

  it('has the digests of what has changed since the last one', async () => {
    const { ledger, journal } = await withFields(3);
    expect(Object.keys((await checkpoint(ledger, journal)) ?? {})).toHaveLength(4);
    expect(Object.keys((await checkpoint(ledger, journal)) ?? {})).toHaveLength(1);
  });

  it('leaves them out where they would not fit a record, and the vault goes on', async () => {
    const { ledger, journal } = await withFields(4_500);
    expect(await checkpoint(ledger, journal)).toBeUndefined();
    expect(await checkpoint(ledger, journal)).toBeUndefined();
    expect(journal.state.checkpoint?.digests.size).toBe(0);
  });
});
