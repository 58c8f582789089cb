import { beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { identity } from '../ledger/testing/fixtures.ts';
import type { Contract, ContractField } from '../wire/contract.ts';
import { history } from './history.ts';
import { renderWhatIf } from './render-what-if.ts';
import { collect, replayed } from './testing/records.ts';
import { Story, type Told, tellStory } from './testing/story.ts';
import { contract, owner, shop, storyKeys } from './testing/story-facts.ts';
import { whatIf } from './what-if.ts';
import type { WhatIfReport } from './what-if-report.ts';

/** The contract of the story with some of its fields otherwise. */
function withFields(changes: Readonly<Record<string, Partial<ContractField>>>): Contract {
  const fields = contract.fields.map((field) => ({ ...field, ...changes[field.name] }));
  return { ...contract, fields };
}

/** What flips, in short. */
function flips({ flips: found }: WhatIfReport): string[] {
  return found.map(
    ({ from, to, check, reason, count }) => `${count} ${from} ${to} ${check} ${reason}`,
  );
}

describe('the history under other terms', () => {
  let told: Told;
  let records: LedgerRecord[];
  const judged = (other: Contract, options = {}): Promise<WhatIfReport> =>
    whatIf(replayed(records), other, options);

  beforeAll(async () => {
    told = await tellStory();
    records = await collect(history(told.story.store, identity, storyKeys));
  });

  it('is the same under the same terms: tokens, retentions and orders included', async () => {
    const report = await judged({ ...contract, version: 2, previous: '0'.repeat(64) });
    const all = Object.keys(told.decisions).length;
    expect(report).toMatchObject({ judged: all, same: all, otherReason: 0, flips: [] });
    expect(report).toMatchObject({ before: report.after, unreproduced: 0, erased: 0 });
  });

  it('has nothing held where no field needs consent', async () => {
    const report = await judged(withFields({ 'personal/date_of_birth': { tier: 'on_demand' } }));
    expect(flips(report)).toEqual(['4 pending allowed tier null']);
    const [held] = report.flips[0]?.examples ?? [];
    expect(held).toMatchObject({
      event: told.keys['approved'],
      type: 'data.request',
      fields: ['personal/date_of_birth'],
    });
  });

  it('holds what needs consent there', async () => {
    const report = await judged(withFields({ 'personal/shipping_address': { tier: 'consent' } }));
    expect(flips(report)).toEqual(['2 allowed pending tier null']);
    expect(report.after).toEqual({ ...report.before, allowed: 1, pending: 6 });
  });

  it('refuses an order without the permission, and then the order once more for that reason', async () => {
    const permissions = { ...contract.permissions, payment: false };
    const report = await judged({ ...contract, permissions });
    expect(flips(report)).toEqual(['1 allowed denied permission permission_missing']);
    expect(report.otherReason).toBe(1);
  });

  it('allows a field that is declared there', async () => {
    const income = { ...contract.fields[1], name: 'personal/income' } as ContractField;
    const report = await judged({ ...contract, fields: [...contract.fields, income] });
    expect(flips(report)).toEqual(['1 denied allowed fields field_not_in_contract']);
  });

  it('ends a retention that begins with what those terms would have served', async () => {
    const once = await judged(withFields({ 'personal/shipping_address': { retention: 'P0D' } }));
    expect(flips(once)).toEqual(['1 allowed denied retention retention_expired']);
    const never = await judged(
      withFields({ 'personal/shipping_address': { retention: 'P0D', tier: 'optional' } }),
    );
    expect(flips(never)).toEqual(['2 allowed denied optional optional_declined']);
  });

  it('spends tokens as those limits say', async () => {
    const report = await judged({ ...contract, limits: { requests_per_hour: 1, burst: 2 } });
    const limited = report.flips.filter(({ reason }) => reason === 'rate_limited');
    expect(limited.map(({ from }) => from).toSorted()).toEqual(['allowed', 'pending']);
    expect(report.after.allowed).toBe(1);
  });

  it('refuses what came after the end of those terms', async () => {
    const report = await judged({ ...contract, expires: 1 });
    expect(new Set(report.flips.map(({ reason }) => reason))).toEqual(
      new Set(['contract_expired']),
    );
    expect(report.after).toMatchObject({ allowed: 0, pending: 0 });
  });

  it('takes the choice of optional fields that it is given', async () => {
    const other = withFields({ 'personal/shipping_address': { tier: 'optional' } });
    const optional = ['personal/shipping_address'];
    expect(flips(await judged(other, { optional }))).toEqual([]);
  });

  it('names required fields that the vault did not have', async () => {
    const report = await judged(contract);
    expect(report.connections).toEqual([
      {
        id: shop,
        name: contract.service.name,
        contract: { id: contract.id, version: 1 },
        missing: ['personal/full_name'],
      },
    ]);
  });

  it('leaves out a recorded decision that the rules of today do not give', async () => {
    const spoiled = (record: LedgerRecord): LedgerRecord =>
      record.kind === 'decided' && record.body.reason === 'field_not_in_contract'
        ? { ...record, body: { ...record.body, reason: 'internal' } }
        : record;
    const report = await whatIf(replayed(records, spoiled), contract);
    expect(report).toMatchObject({ unreproduced: 1, flips: [] });
  });

  it('needs somebody who was connected under a contract of that id, or is named', async () => {
    const other = { ...contract, id: 'another' };
    await expect(judged(other)).rejects.toMatchObject({ code: 'UNKNOWN_CONNECTION' });
    await expect(judged(contract, { connection: owner })).rejects.toMatchObject({
      code: 'UNKNOWN_CONNECTION',
    });
    expect(flips(await judged(other, { connection: shop }))).toEqual([]);
  });

  it('says names, never values', async () => {
    const report = await judged(withFields({ 'personal/date_of_birth': { tier: 'on_demand' } }));
    const text = JSON.stringify(report) + renderWhatIf(report);
    expect(text).not.toContain('1815-12-10');
    expect(text).not.toContain('Analytical');
    expect(text).toContain('pending → allowed: 4, by the check tier');
  });
});

describe('an event that did not name the contract in force', () => {
  it('is refused under other terms too', async () => {
    const story = await Story.begin();
    const address = { fields: ['personal/shipping_address'] };
    await story.arrive(story.event('data.request', address, { version: 9 }));
    const records = await collect(history(story.store, identity, storyKeys));
    const report = await whatIf(replayed(records), { ...contract, version: 9 });
    expect(report).toMatchObject({ judged: 1, same: 1, before: { denied: 1 } });
  });
});
