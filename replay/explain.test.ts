import { beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { identity } from '../ledger/testing/fixtures.ts';
import { type Explanation, explain } from './explain.ts';
import { history } from './history.ts';
import { renderExplanation } from './render-explanation.ts';
import { collect, replayed } from './testing/records.ts';
import { type Told, tellStory } from './testing/story.ts';
import { shop, storyKeys } from './testing/story-facts.ts';

describe('explaining an event', () => {
  let told: Told;
  let past: AsyncIterable<LedgerRecord>;

  beforeAll(async () => {
    told = await tellStory();
    past = history(told.story.store, identity, storyKeys);
  });

  const explained = async (name: string): Promise<Explanation> => {
    const found = await explain(past, told.keys[name] ?? '');
    if (found === undefined) throw new Error(`no event ${name}`);
    return found;
  };
  const kinds = ({ followed }: Explanation): string[] => followed.map(({ kind }) => kind);

  it('that was served: thirteen checks, the run, the answer', async () => {
    const served = await explained('served');
    const [decision] = served.decisions;
    expect(decision).toMatchObject({ round: 'first', reproduced: true, differences: [] });
    expect(decision?.recorded.checks).toHaveLength(13);
    expect(served).toMatchObject({
      type: 'data.request',
      connection: { id: shop, name: 'Acme Retail', status: 'active' },
      contract: { id: 'acme-retail-orders', version: 1 },
    });
    expect(kinds(served)).toEqual(['handled', 'queued', 'sent']);
    // Another event had the same id later; nothing of it is told here.
    expect(served.others).toHaveLength(1);
    const text = renderExplanation(served, { colour: false });
    expect(text).toContain('Allowed; data-request handles it.');
    expect(text).toContain('bit for bit');
    expect(text).toContain('gave personal/shipping_address');
    expect(text).not.toContain('Analytical');
  });

  it('that was refused: the check that failed, and why', async () => {
    const refused = await explained('undeclared');
    expect(refused.decisions[0]?.recorded).toMatchObject({ reason: 'field_not_in_contract' });
    expect(kinds(refused)).toEqual(['queued']);
    const text = renderExplanation(refused, { colour: false });
    expect(text).toContain('Refused: field_not_in_contract (not declared: personal/income).');
    expect(text).toMatch(/9 {2}NO +Are all fields declared/);
    expect(renderExplanation(refused, { colour: true })).toContain('\u001b[31m');
  });

  it('that waited: asked, approved, decided again, handled', async () => {
    const approved = await explained('approved');
    expect(approved.decisions.map(({ round, reproduced }) => [round, reproduced])).toEqual([
      ['first', true],
      ['again', true],
    ]);
    expect(kinds(approved)).toEqual([
      'queued',
      'consented',
      'decided',
      'queued',
      'handled',
      'queued',
      'sent',
    ]);
    expect(kinds(await explained('denied'))).toEqual(['queued', 'consented', 'queued', 'queued']);
    expect(kinds(await explained('expired'))).toEqual(['queued', 'expired']);
    expect(renderExplanation(approved, { colour: false })).toContain(
      'the owner approved personal/date_of_birth',
    );
  });

  it('that could not be opened, and one under an id of before', async () => {
    const unreadable = await explained('unreadable');
    expect(unreadable).toMatchObject({ type: null, sent: null });
    expect(renderExplanation(unreadable, { colour: false })).toContain('did not open');
    const served = await explained('served');
    const duplicate = await explain(past, String(served.others[0]));
    expect(duplicate?.decisions[0]?.recorded.reason).toBe('duplicate');
    expect(duplicate?.decisions).toHaveLength(1);
    expect(duplicate && kinds(duplicate)).toEqual(['queued']);
  });

  it('by its id, or by any record that belongs to it', async () => {
    const byKey = await explained('approved');
    expect(await explain(past, byKey.id)).toEqual(byKey);
    const own = [byKey.record, ...byKey.decisions.map(({ record }) => record)];
    const later = byKey.followed.filter(({ kind }) => kind === 'handled' || kind === 'consented');
    for (const index of [...own, ...later.map(({ record }) => record)])
      expect((await explain(past, String(index)))?.record).toBe(byKey.record);
  });

  it('that is not there', async () => {
    expect(await explain(past, '01900000-0000-7000-8000-000000000000')).toBeUndefined();
    await expect(explain(past, '0')).rejects.toMatchObject({ code: 'NOT_AN_EVENT' });
    await expect(explain(past, '999999')).rejects.toMatchObject({ code: 'BEYOND_END' });
  });

  it('says so when deciding again gives another decision', async () => {
    const records = await collect(past);
    const key = told.keys['undeclared'] ?? '';
    const forged = replayed(records, (record) =>
      record.kind === 'decided' && record.body.request === key
        ? { ...record, body: { ...record.body, reason: 'rate_limited' } }
        : record,
    );
    const found = await explain(forged, key);
    expect(found?.decisions[0]).toMatchObject({
      reproduced: false,
      differences: [{ where: 'reason', recorded: 'rate_limited', now: 'field_not_in_contract' }],
    });
    expect(found && renderExplanation(found, { colour: false })).toContain('ANOTHER decision');
  });

  it('escapes what others chose', async () => {
    const served = await explained('served');
    const evil = '\u001b[2J\u202egnp.exe\nrecord 9: fine';
    const connection = { id: shop, kind: 'service', status: evil, name: evil, party: evil };
    const text = renderExplanation(
      { ...served, connection, type: evil, subject: evil },
      { colour: false },
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text.split('\n').some((line) => line.startsWith('record 9'))).toBe(false);
  });
});
