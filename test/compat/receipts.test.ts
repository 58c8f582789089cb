/*
 * Receipts of the first released format: whatever this program becomes, they verify, and say the same.
 * When one of these tests fails, the code is wrong, not the file.
 */
import { describe, expect, it } from 'vitest';
import { type ReceiptVerdict, verifyReceipt } from '../../replay/verify-receipt.ts';
import { toBase64 } from '../../wire/bytes.ts';
import { expectFlipsFound } from './receipt-flips.ts';
import {
  firstKey,
  fixtureLedger,
  fixtureText,
  makeAgain,
  type ReceiptName,
  receiptNames,
} from './receipt-ledger.ts';

const ledger = fixtureLedger();
const key = firstKey(ledger);
const verify = (text: string): ReceiptVerdict => verifyReceipt(text, { key });

const says: Readonly<Record<ReceiptName, object>> = {
  plain: { about: 'event', basis: 'statement', outcome: 'served', type: 'data.request' },
  disclosed: {
    outcome: 'served',
    basis: 'records',
    asked: ['personal/date_of_birth'],
    provided: ['personal/date_of_birth'],
    consent: 'approved',
    contract: { id: 'acme-retail-orders', version: 1 },
  },
  refused: { outcome: 'refused', basis: 'records', reason: 'field_not_in_contract' },
  rotated: { outcome: 'served', basis: 'records', asked: ['personal/shipping_address'] },
  connection: { about: 'connection', count: 9, opened: 7, first: { record: 5, scope_index: 0 } },
};

describe.each(receiptNames)('the receipt “%s” of the first format', (name) => {
  const text = fixtureText(name);

  it('verifies with nothing but the ledger’s first key, and says what it said', () => {
    const summary = says[name];
    const rotations = name === 'rotated' ? 1 : 0;
    expect(verify(text)).toMatchObject({ ok: true, summary, ledger: { known: true, rotations } });
  });

  it('is made again of the same ledger, to the letter', async () => {
    expect(await makeAgain(ledger, name)).toStrictEqual(JSON.parse(text));
  });

  it('is refused with a byte of it flipped, or claims what it claimed', () => {
    // Every byte: test:slow.
    expectFlipsFound(text, verify, 11);
  }, 120_000);
});

describe('the ledger of these receipts', () => {
  it('is not needed to verify them, nor is any of its secrets in them', () => {
    for (const name of receiptNames) {
      const text = fixtureText(name);
      const secrets = [...ledger.seeds, ...Object.values(ledger.scopes)];
      for (const secret of secrets) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(toBase64(Buffer.from(secret, 'hex')));
      }
    }
  });
});
