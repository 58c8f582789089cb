import { beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { identity } from '../ledger/testing/fixtures.ts';
import { checkDecisions } from './check-decisions.ts';
import { history } from './history.ts';
import { collect, replayed } from './testing/records.ts';
import { type Told, tellStory } from './testing/story.ts';
import { storyKeys } from './testing/story-facts.ts';

describe('deciding again on a whole history', () => {
  let told: Told;
  let records: LedgerRecord[];

  beforeAll(async () => {
    told = await tellStory();
    records = await collect(history(told.story.store, identity, storyKeys));
  });

  it('the story holds every outcome', () => {
    const outcomes = Object.fromEntries(
      Object.entries(told.decisions).map(([name, { outcome, reason }]) => [
        name,
        reason ?? outcome,
      ]),
    );
    expect(outcomes).toEqual({
      served: 'allowed',
      undeclared: 'field_not_in_contract',
      unsupported: 'event_unsupported',
      forged: 'signature_invalid',
      unreadable: 'decrypt_failed',
      duplicate: 'duplicate',
      approved: 'pending',
      denied: 'pending',
      expired: 'pending',
      paid: 'allowed',
      'paid twice': 'duplicate',
      held: 'pending',
      running: 'allowed',
    });
  });

  it('gives every recorded decision, bit for bit', async () => {
    const seen: number[] = [];
    const report = await checkDecisions(replayed(records), (count) => seen.push(count));
    expect(report).toMatchObject({
      differences: [],
      undecided: [],
      first: 15,
      again: 1,
      results: 3,
    });
    expect(report.reproduced).toBe(19);
    expect(report.records).toBe(records.length);
    expect(seen).toHaveLength(records.length);
  });

  it('names the check that a recorded decision has otherwise', async () => {
    const report = await checkDecisions(
      replayed(records, (record) => {
        if (record.kind !== 'decided' || record.body.request !== told.keys['undeclared'])
          return record;
        const checks = record.body.checks.map((check) =>
          check.check === 'fields'
            ? { check: check.check, result: 'pass' as const, inputs: {} }
            : check,
        );
        return { ...record, body: { ...record.body, outcome: 'allowed', checks } };
      }),
    );
    expect(report.differences.map(({ where, round }) => [where, round])).toEqual([
      ['outcome', 'first'],
      ['fields', 'first'],
    ]);
    expect(report.differences[0]).toMatchObject({ recorded: 'allowed', now: 'denied' });
  });

  it('sees a result that was dropped for no reason, and a decision about nothing', async () => {
    const report = await checkDecisions(
      replayed(records, (record) => {
        if (record.kind === 'handled' && record.body.request === told.keys['paid'])
          return { ...record, body: { ...record.body, code: 'dropped', reason: 'duplicate' } };
        if (record.kind === 'decided' && record.body.request === told.keys['held'])
          return { ...record, cause: 0 };
        return record;
      }),
    );
    const found = report.differences.map(({ event, where, round }) => [event, where, round]);
    expect(found).toContainEqual([told.keys['paid'], 'outcome', 'result']);
    expect(found).toContainEqual([told.keys['held'], 'input', 'first']);
    expect(report.undecided).toHaveLength(1);
  });
});
