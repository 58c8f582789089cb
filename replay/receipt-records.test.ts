import { beforeAll, describe, expect, it } from 'vitest';
import type { Kind } from '../ledger/kinds.ts';
import { fixedBytes } from '../ledger/testing/fixtures.ts';
import { toBase64 } from '../wire/bytes.ts';
import { receiptOfEvent } from './issue-receipt.ts';
import type { Receipt, ReceiptRecord } from './receipt-format.ts';
import {
  decided,
  draft,
  type Forged,
  forgedEvidence,
  id,
  received,
} from './testing/forged-receipts.ts';
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
import { shop } from './testing/story-facts.ts';

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

  it('is not taken for the event’s where another event had the same id', () => {
    const request = `${shop}/${id}`;
    const run = { request, code: 'ok', provided: [] };
    const late = { request, reason: 'expired' };
    const consent = { request, outcome: 'approved', hash: fixedBytes('digest') };
    const knock = { connection: shop, event: id };
    const records: readonly (readonly [Kind, unknown, number, boolean])[] = [
      ['handled', run, 1, true],
      ['handled', run, 0, false],
      ['expired', late, 1, true],
      ['expired', late, 0, false],
      ['consented', consent, 1, true],
      ['consented', { ...consent, hash: fixedBytes('other') }, 1, false],
      ['decided', decided({ again: true }), 2, false],
      ['decided', decided({}), 1, true],
      ['decided', decided({}), 0, false],
      ['requested', knock, 2, true],
      ['requested', knock, 1, false],
      ['requested', { ...knock, event: 'another' }, 2, false],
      ['connected', { connection: shop }, 1, false],
      ['declined', { connection: shop }, 1, false],
      ['severed', { connection: shop }, 1, false],
      ['received', received({}), 1, false],
    ];
    for (const [kind, body, cause, taken] of records) {
      const { records: all, ...evidence } = forgedEvidence([
        { draft: draft('received', received({ digest: fixedBytes('other') })) },
        { draft: draft('received', received({})) },
        { draft: draft('decided', decided({}), 1) },
        { draft: draft(kind, body, cause) },
      ]);
      const ours = { ...evidence, records: all.slice(1) };
      const receipt = { ...plain, ...ours };
      const code = taken ? 'SUMMARY_MISMATCH' : 'RECORD_FOREIGN';
      expect(verified(receipt), `${kind} of ${cause}`).toMatchObject(bad(code));
    }
  });

  it('is the answer to a request to connect only beside that request', () => {
    const connected = { connection: shop };
    const facts = (...kinds: readonly Forged[]): Receipt => ({
      ...plain,
      ...forgedEvidence([
        { draft: draft('received', received({})) },
        { draft: draft('decided', decided({}), 0) },
        ...kinds,
      ]),
    });
    const asked = { draft: draft('requested', { connection: shop, event: id }, 1) };
    const answered = { draft: draft('connected', connected, 1) };
    expect(verified(facts(asked, answered))).toMatchObject(bad('SUMMARY_MISMATCH'));
    expect(verified(facts(answered))).toMatchObject(bad('RECORD_FOREIGN'));
    expect(verified(facts(answered, asked))).toMatchObject(bad('RECORD_FOREIGN'));
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
