import { beforeAll, describe, expect, it, test } from 'vitest';
import type { Draft } from '../ledger/bodies.ts';
import { fixedBytes } from '../ledger/testing/fixtures.ts';
import { toBase64 } from '../wire/bytes.ts';
import { eventId } from '../wire/identifiers.ts';
import { type Receipt, receiptBytesMax } from './receipt-format.ts';
import { decided, draft, forgedEvidence, received } from './testing/forged-receipts.ts';
import { bad, receiptOf, verified, withRecord } from './testing/receipts.ts';
import { type Told, tellStory } from './testing/story.ts';
import { shop } from './testing/story-facts.ts';
import { verifyReceipt } from './verify-receipt.ts';

let told: Told;
let plain: Receipt;
let open: Receipt;
let _other: Receipt;

beforeAll(async () => {
  told = await tellStory();
  plain = await receiptOf(told, 'approved', false);
  open = await receiptOf(told, 'approved', true);
  _other = await receiptOf(told, 'denied', true);
});

describe('the summary of a receipt', () => {
  it.each([
    'about',
    'basis',
    'event',
    'type',
    'connection',
    'outcome',
    'code',
    'reason',
    'contract',
    'asked',
    'provided',
    'consent',
    'received',
    'decided',
    'steps',
  ])('is refused with another %s, and without it', (member) => {
    for (const receipt of [plain, open]) {
      const summary = { ...receipt.summary, [member]: 'another' } as unknown as Receipt['summary'];
      expect(verified({ ...receipt, summary }).ok).toBe(false);
      const { [member]: _, ...less } = { ...receipt.summary } as Record<string, unknown>;
      expect(verified({ ...receipt, summary: less as never }).ok).toBe(false);
    }
  });

  it('is refused with a member more', () => {
    const summary = { ...open.summary, note: 'all is well' } as unknown as Receipt['summary'];
    expect(verified({ ...open, summary })).toMatchObject(bad('SUMMARY_MISMATCH'));
  });

  it('of closed records needs a statement: no outcome without one', () => {
    expect(verified({ ...plain, statements: [] })).toMatchObject(bad('MALFORMED'));
  });
});

describe('text that is no receipt', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another value', '[]'],
    ['null', 'null'],
    ['deep JSON', '['.repeat(200_000) + ']'.repeat(200_000)],
    [
      'deep JSON in a receipt',
      `{"type":"cambium-receipt","v":1,"summary":${'{"about":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    ],
  ])('%s is malformed', (_, text) => {
    expect(verifyReceipt(text)).toMatchObject(bad('MALFORMED'));
  });

  it('a deep summary in an otherwise good receipt is not what follows from it', () => {
    const summary = `{"about":"event","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const text = JSON.stringify({ ...open, summary: 0 }).replace(
      '"summary":0',
      `"summary":${summary}`,
    );
    expect(verifyReceipt(text)).toMatchObject(bad('SUMMARY_MISMATCH'));
  });

  it('too much of it is not even read', () => {
    expect(verifyReceipt(' '.repeat(receiptBytesMax + 1))).toMatchObject(bad('TOO_LARGE'));
  });

  it('another version is told apart', () => {
    expect(verified({ ...open, v: 2 as never })).toMatchObject(bad('VERSION_UNSUPPORTED'));
  });

  it('unknown members, wrong types and too many items are malformed', () => {
    const { records } = open;
    for (const change of [
      { more: 1 },
      { records: [] },
      { records: Array.from({ length: 10_001 }, () => records[0]) },
      { rotations: Array.from({ length: 1_001 }, () => ({})) },
      { statements: {} },
      { checkpoint: 7 },
      { ledger: { ...open.ledger, id: 'x' } },
      { records: [{ ...records[0], index: -1 }] },
      { records: [{ ...records[0], index: 2 ** 53 }] },
      { records: [{ ...records[0], key: 'AAAA' }] },
      { records: [{ ...records[0], stored: 'A' }] },
      {
        records: [{ ...records[0], proof: Array.from({ length: 54 }, () => records[0]?.proof[0]) }],
      },
    ])
      expect(verified({ ...open, ...change } as Receipt)).toMatchObject(bad('MALFORMED'));
  });

  it('bytes that are no record are refused as such', () => {
    const junk = withRecord(open, 0, { stored: toBase64(fixedBytes('junk')) });
    expect(verified(junk)).toMatchObject(bad('RECORD_MALFORMED'));
  });
});

/*
 * A vault that seals and signs whatever it likes: what it says about itself is not believed before its
 * form was looked at.
 */
describe('a vault that lies in form', () => {
  const bodies: readonly (readonly [string, unknown, unknown?])[] = [
    ['an event that is text', received({ signed: 'text' })],
    ['an event that is no event', received({ signed: fixedBytes('event') })],
    ['an id that is a number', received({ id: 7 })],
    ['no connection', { id: eventId(1_000, fixedBytes('id', 10)), digest: fixedBytes('digest') }],
    ['a list', []],
    ['a decision without an outcome', received({}), decided({ outcome: undefined })],
    ['an unknown outcome', received({}), decided({ outcome: 'maybe' })],
    ['a reason that is none', received({}), decided({ reason: 'because' })],
    ['checks that are no checks', received({}), decided({ checks: [7] })],
    ['fields that are numbers', received({}), decided({ facts: { fields: [7] } })],
  ];

  test.each(bodies)('%s', (_, first, second) => {
    const forged = [draft('received', first)];
    if (second !== undefined) forged.push(draft('decided', second));
    const evidence = forgedEvidence(forged.map((one) => ({ draft: one })));
    const summary = { about: 'event' } as Receipt['summary'];
    const receipt = { type: 'cambium-receipt' as const, v: 1 as const, summary, ...evidence };
    expect(verified(receipt)).toMatchObject(bad('BODY_MALFORMED'));
  });

  it('a record that is sealed for another place, or another ledger', () => {
    for (const place of [{ index: 5 }, { ledgerId: fixedBytes('ledger', 16) }]) {
      const evidence = forgedEvidence([{ draft: draft('received', received({})), place }]);
      const receipt = { ...plain, ...evidence };
      expect(verified(receipt)).toMatchObject({ ...bad('SEAL_BROKEN'), index: 0 });
    }
  });

  it('a place in its scope that cannot be', () => {
    const places = [
      { scopeIndex: -1 },
      { scopeIndex: 1.5 },
      { scopeIndex: 1, scopePrevious: null },
      { scopeIndex: 0, scopePrevious: fixedBytes('leaf') },
    ];
    for (const place of places) {
      const evidence = forgedEvidence([{ draft: draft('received', received({})), place }]);
      expect(verified({ ...plain, ...evidence })).toMatchObject(bad('BODY_MALFORMED'));
    }
  });

  it('times that go backwards', () => {
    const evidence = forgedEvidence([
      { draft: draft('received', received({})), place: { time: 2_000 } },
      { draft: draft('decided', decided({})), place: { time: 1_000 } },
    ]);
    expect(verified({ ...plain, ...evidence })).toMatchObject(bad('RECORD_ORDER'));
  });

  it('a decision that follows from another event', () => {
    const evidence = forgedEvidence([
      { draft: draft('received', received({})) },
      { draft: { ...draft('decided', decided({})), cause: 1 } as Draft, place: { index: 2 } },
    ]);
    expect(verified({ ...plain, ...evidence }).ok).toBe(false);
    const elsewhere = decided({ request: `${shop}/another` });
    const other = forgedEvidence([
      { draft: draft('received', received({})) },
      { draft: draft('decided', elsewhere) },
    ]);
    expect(verified({ ...plain, ...other })).toMatchObject(bad('RECORD_FOREIGN'));
  });
});
