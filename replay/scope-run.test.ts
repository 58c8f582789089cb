import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixedBytes } from '../ledger/testing/fixtures.ts';
import { receiptOfConnection } from './issue-receipt.ts';
import type { Receipt, ReceiptRecord } from './receipt-format.ts';
import type { ProvenRecord } from './receipt-records.ts';
import { connectionSummary } from './scope-run.ts';
import { bad, issuer, sourceOf, verified } from './testing/receipts.ts';
import { type Told, tellStory } from './testing/story.ts';
import { owner, shop } from './testing/story-facts.ts';

/** Records 10, 12, 14 … of one scope, from scope index `start` on. */
function run(count: number, start = 0): ProvenRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const place = start + at;
    const scopePrevious = place === 0 ? null : fixedBytes(`leaf ${place - 1}`);
    return {
      index: 10 + 2 * place,
      kind: 'severed' as const,
      time: 1_000 + place,
      scope: 'aa'.repeat(16),
      leaf: fixedBytes(`leaf ${place}`),
      disclosed: { scopeIndex: place, scopePrevious, contents: { connection: shop } },
    };
  });
}

function closed({ disclosed: _, ...record }: ProvenRecord): ProvenRecord {
  return record;
}

describe('a run of records', () => {
  it('is whole from its first to its last, wherever it begins', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(50), (count, start) => {
        expect(connectionSummary(run(count, start))).toMatchObject({
          count,
          opened: count,
          first: { record: 10 + 2 * start, scope_index: start },
          last: { scope_index: start + count - 1 },
        });
      }),
    );
  });

  it('is whole with closed records in it, but not with one at its end or two at its beginning', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
        fc.nat(3),
        (hidden, start) => {
          const records = run(hidden.length, start).map((record, at) =>
            hidden[at] === true ? closed(record) : record,
          );
          const places = hidden.at(-1) === false && !(hidden[0] === true && hidden[1] === true);
          const opened = hidden.filter((one) => !one).length;
          const first = { scope_index: start };
          if (places) expect(connectionSummary(records)).toMatchObject({ opened, first });
          else expect(() => connectionSummary(records)).toThrow();
        },
      ),
    );
  });

  it('is refused with any record between its ends left out, closed ones among them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 12 }),
        fc.nat(20),
        fc.infiniteStream(fc.boolean()),
        (count, at, hidden) => {
          const whole = run(count).map((record, place) => {
            const ends = place === 0 || place === count - 1;
            return hidden.next().value && !ends ? closed(record) : record;
          });
          const missing = 1 + (at % (count - 2));
          const records = whole.filter((_, place) => place !== missing);
          expect(() => connectionSummary(records)).toThrow(
            expect.objectContaining({ code: 'RECORD_MISSING' }),
          );
        },
      ),
    );
  });

  it('names what is wrong with it', () => {
    const [a, b, c, d] = run(4, 5) as [ProvenRecord, ProvenRecord, ProvenRecord, ProvenRecord];
    const elsewhere = { ...b, scope: 'bb'.repeat(16) };
    const others = {
      ...b,
      disclosed: { scopeIndex: 6, scopePrevious: a.leaf, contents: { connection: owner } },
    };
    const unlinked = {
      ...b,
      disclosed: { scopeIndex: 6, scopePrevious: c.leaf, contents: { connection: shop } },
    };
    const nameless = { ...b, kind: 'checkpoint' as const };
    for (const [records, code, index] of [
      [[a, c, d], 'RECORD_MISSING', c.index],
      [[a, closed(b), b, c, d], 'RECORD_FOREIGN', b.index],
      [[a, elsewhere, c, d], 'RECORD_FOREIGN', b.index],
      [[a, others, c, d], 'RECORD_FOREIGN', b.index],
      [[a, nameless, c, d], 'RECORD_FOREIGN', b.index],
      [[a, unlinked, c, d], 'SCOPE_LINK', b.index],
      [[a, b, closed(c)], 'SCOPE_LINK', c.index],
      [[closed(a), closed(b), c], 'SCOPE_LINK', a.index],
      [[closed(a), closed(b)], 'RECORD_MISSING', undefined],
      [
        [...run(1), ...run(1)].map((one, at) => (at === 0 ? closed(one) : one)),
        'RECORD_FOREIGN',
        10,
      ],
    ] as const)
      expect(() => connectionSummary(records)).toThrow(expect.objectContaining({ code, index }));
  });
});

describe('a receipt of a connection', () => {
  let told: Told;
  let whole: Receipt;
  let owners: Receipt;

  beforeAll(async () => {
    told = await tellStory();
    whole = await receiptOfConnection(sourceOf(told), issuer, shop);
    owners = await receiptOfConnection(sourceOf(told), issuer, owner);
  });

  const withRecords = (records: readonly ReceiptRecord[]): Receipt => ({ ...whole, records });

  it('is refused with any record left out of it', () => {
    for (let at = 0; at < whole.records.length; at += 1) {
      const records = whole.records.filter((_, place) => place !== at);
      const verdict = verified(withRecords(records));
      const ends = at === 0 || at === whole.records.length - 1;
      expect(verdict, `without ${at}`).toMatchObject(
        bad(ends ? 'SUMMARY_MISMATCH' : 'RECORD_MISSING'),
      );
    }
  });

  it('is refused with one doubled, exchanged for another, or brought from elsewhere', () => {
    const [first, second, third, ...rest] = whole.records as [
      ReceiptRecord,
      ReceiptRecord,
      ReceiptRecord,
      ...ReceiptRecord[],
    ];
    const doubled = withRecords([first, second, second, third, ...rest]);
    expect(verified(doubled)).toMatchObject({ ...bad('RECORD_DOUBLED'), index: second.index });
    const exchanged = withRecords([first, third, second, ...rest]);
    expect(verified(exchanged)).toMatchObject({ ...bad('RECORD_ORDER'), index: second.index });
    const moved = withRecords([
      first,
      { ...third, index: second.index },
      { ...second, index: third.index },
      ...rest,
    ]);
    expect(verified(moved)).toMatchObject({ ...bad('NOT_INCLUDED'), index: second.index });
    const foreign = owners.records.find(({ index }) => index > third.index) as ReceiptRecord;
    const records = [...whole.records, foreign].sort((one, other) => one.index - other.index);
    expect(verified(withRecords(records))).toMatchObject({
      ...bad('RECORD_FOREIGN'),
      index: foreign.index,
    });
  });

  it('may have records closed, which then show their kind and place only', () => {
    const at = 12;
    const records = whole.records.map((record, place) => {
      const { key: _, ...hidden } = record;
      return place === at ? hidden : record;
    });
    const { summary } = whole;
    if (summary.about !== 'connection') throw new Error(summary.about);
    const hidden = { ...withRecords(records), summary: { ...summary, opened: summary.opened - 1 } };
    expect(verified(hidden)).toMatchObject({ ok: true });
    expect(verified(withRecords(records))).toMatchObject(bad('SUMMARY_MISMATCH'));
  });
});
