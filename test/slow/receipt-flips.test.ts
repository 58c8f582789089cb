import { expect, it } from 'vitest';
import { verifyReceipt } from '../../replay/verify-receipt.ts';
import { expectFlipsFound } from '../compat/receipt-flips.ts';
import { firstKey, fixtureLedger, fixtureText, receiptNames } from '../compat/receipt-ledger.ts';

it.each(receiptNames)(
  'the receipt “%s” is refused with any byte of it flipped, or claims what it claimed',
  (name) => {
    const key = firstKey(fixtureLedger());
    const text = fixtureText(name);
    expect(verifyReceipt(text, { key }).ok).toBe(true);
    expectFlipsFound(text, (flipped) => verifyReceipt(flipped, { key }), 1);
  },
);
