import { beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { identity } from '../ledger/testing/fixtures.ts';
import { betweenScopes, stateDigest } from '../projections/state-digest.ts';
import { describeState } from './describe-state.ts';
import { history } from './history.ts';
import { collect, replayed } from './testing/records.ts';
import { type Told, tellStory } from './testing/story.ts';
import { shopScope, storyKeys } from './testing/story-facts.ts';
import { stateAt } from './time-travel.ts';

describe('the state at a moment', () => {
  let told: Told;
  let records: LedgerRecord[];
  let past: AsyncIterable<LedgerRecord>;

  beforeAll(async () => {
    told = await tellStory();
    past = history(told.story.store, identity, storyKeys);
    records = await collect(past);
  });

  it('at the end is the live one', async () => {
    const { state, size, time } = await stateAt(past, 'end');
    expect(stateDigest(state)).toEqual(stateDigest(told.story.journal.state));
    expect(state).toEqual(told.story.journal.state);
    expect({ size, time }).toEqual({ size: records.length, time: records.at(-1)?.time });
  });

  it('is the same when it is read once more', async () => {
    const [one, two] = [await stateAt(past, 'end'), await stateAt(past, 'end')];
    expect(one.state).not.toBe(two.state);
    expect(stateDigest(one.state)).toEqual(stateDigest(two.state));
  });

  it('by index has that record, and by time all records up to it', async () => {
    for (const index of [0, 4, 17, records.length - 1]) {
      const byIndex = await stateAt(past, { index });
      expect(byIndex.size).toBe(index + 1);
      expect(byIndex.time).toBe(records[index]?.time);
      const byTime = await stateAt(past, { time: byIndex.time });
      const last = records.findLastIndex(({ time }) => time <= byIndex.time);
      expect(byTime.size).toBe(last + 1);
    }
    const last = await stateAt(past, { time: Number.MAX_SAFE_INTEGER });
    expect(last.size).toBe(records.length);
  });

  it('is refused where there is none', async () => {
    await expect(stateAt(past, { index: records.length })).rejects.toMatchObject({
      name: 'ReplayError',
      code: 'BEYOND_END',
    });
    await expect(stateAt(past, { time: 1 })).rejects.toMatchObject({ code: 'BEFORE_START' });
  });

  it('changes its digest with every record', async () => {
    const seen = new Set<string>();
    for (const { index } of records)
      seen.add(stateDigest((await stateAt(replayed(records), { index })).state).total);
    expect(seen.size).toBe(records.length);
  });

  it('forgetting any scope leaves the digests of the others', async () => {
    const whole = stateDigest((await stateAt(past, 'end')).state).scopes;
    const scopes = Object.keys(whole).filter((scope) => scope !== betweenScopes);
    expect(scopes).toContain(shopScope);
    for (const forgotten of scopes.filter((scope) => scope !== records[0]?.scope)) {
      const erased = stateDigest((await stateAt(without(records, forgotten), 'end')).state).scopes;
      expect(erased[forgotten]).toBeUndefined();
      for (const scope of scopes)
        if (scope !== forgotten) expect([scope, erased[scope]]).toEqual([scope, whole[scope]]);
    }
  });

  it('is described in names and counts, without a value or a key', async () => {
    const summary = describeState((await stateAt(past, 'end')).state);
    expect(summary.fields).toEqual(['personal/date_of_birth', 'personal/shipping_address']);
    expect(summary.requests.map(({ event, status }) => [event, status])).toEqual([
      [told.keys['held'], 'pending'],
      [told.keys['running'], 'running'],
    ]);
    expect(summary.connections.find(({ kind }) => kind === 'service')).toMatchObject({
      name: 'Acme Retail',
      status: 'active',
      contract: { id: 'acme-retail-orders', version: 1 },
      served: ['personal/date_of_birth', 'personal/shipping_address'],
    });
    const text = JSON.stringify(summary);
    expect(text).not.toContain('Analytical');
    expect(text).not.toContain('1815');
  });
});

/** A history whose records of one scope no longer open: only their header is left. */
function without(records: readonly LedgerRecord[], scope: string): AsyncIterable<LedgerRecord> {
  return replayed(records, (record) => {
    if (record.scope !== scope) return record;
    const { index, time, leaf, scopeIndex } = record;
    return { kind: 'closed', scope, body: {}, index, time, leaf, scopeIndex };
  });
}
