import { beforeAll, describe, expect, it } from 'vitest';
import { fixedBytes } from '../ledger/testing/fixtures.ts';
import { toBase64 } from '../wire/bytes.ts';
import { receiptOfEvent } from './issue-receipt.ts';
import type { Receipt, ReceiptRecord } from './receipt-format.ts';
import {
  bad,
  flipped,
  issuer,
  receiptOf,
  sourceOf,
  verified,
  withRecord,
} from './testing/receipts.ts';
import { type Told, tellStory } from './testing/story.ts';

let told: Told;
let plain: Receipt;
let open: Receipt;
let other: Receipt;

beforeAll(async () => {
  told = await tellStory();
  plain = await receiptOf(told, 'approved', false);
  open = await receiptOf(told, 'approved', true);
  other = await receiptOf(told, 'denied', true);
});

describe('a record of a receipt', () => {
  it('is refused with the proof of another leaf', () => {
    const { proof } = open.records[1] as ReceiptRecord;
    expect(verified(withRecord(open, 0, { proof }))).toMatchObject(bad('NOT_INCLUDED'));
  });

  it('is refused at another place, as another record, or with a byte of it changed', () => {
    const [first, second] = open.records as [ReceiptRecord, ReceiptRecord];
    for (const change of [
      { index: first.index - 1 },
      { stored: second.stored },
      { stored: flipped(first.stored, 200) },
      { proof: first.proof.slice(1) },
      { proof: [...first.proof, first.proof[0] ?? ''] },
      { proof: first.proof.map((hash, at) => (at === 0 ? flipped(hash) : hash)) },
    ])
      expect(verified(withRecord(open, 0, change)).ok).toBe(false);
    expect(verified(withRecord(open, 0, { stored: second.stored }))).toMatchObject({
      ...bad('NOT_INCLUDED'),
      index: first.index,
    });
  });

  it('is refused out of order, or twice', () => {
    const [first, second, ...rest] = open.records as [ReceiptRecord, ReceiptRecord];
    const exchanged = { ...open, records: [second, first, ...rest] };
    expect(verified(exchanged)).toMatchObject({ ...bad('RECORD_ORDER'), index: first.index });
    const doubled = { ...open, records: [first, first, second, ...rest] };
    expect(verified(doubled)).toMatchObject({ ...bad('RECORD_DOUBLED'), index: first.index });
  });

  it('is refused with a key that it does not commit to: another record’s, or none at all', () => {
    const { key = '' } = open.records[1] as ReceiptRecord;
    for (const wrong of [key, flipped(key), toBase64(fixedBytes('a key'))])
      expect(verified(withRecord(open, 0, { key: wrong }))).toMatchObject(bad('KEY_COMMITMENT'));
  });

  it('that belongs to another event is refused, open or closed', () => {
    const foreign = other.records[0] as ReceiptRecord;
    const mixed = { ...open, records: [...open.records, foreign] };
    expect(verified(mixed)).toMatchObject({ ...bad('RECORD_FOREIGN'), index: foreign.index });
    const { key: _, ...closed } = foreign;
    const hidden = { ...plain, records: [...plain.records, closed] };
    expect(verified(hidden)).toMatchObject(bad('SUMMARY_MISMATCH'));
  });

  it('of another scope is refused', async () => {
    const last = told.story.journal.state.size - 1;
    const [vaults] = (await receiptOfEvent(sourceOf(told), issuer, `${last}`, false)).records;
    const mixed = { ...plain, records: [...plain.records, vaults as ReceiptRecord] };
    expect(verified(mixed)).toMatchObject({ ...bad('RECORD_FOREIGN'), index: last });
  });

  it('left out of a closed receipt is noticed by the statement about it', () => {
    const records = plain.records.slice(0, -1);
    expect(verified({ ...plain, records })).toMatchObject(bad('STATEMENT_UNRELATED'));
  });
});
