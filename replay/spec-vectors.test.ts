import { describe, expect, test } from 'vitest';
import vectors from '../docs/spec/vectors/receipt.json' with { type: 'json' };
import { parseVkey } from '../ledger/note-key.ts';
import { type ReceiptVerdict, verifyReceipt } from './verify-receipt.ts';

/*
 * The vectors beside the standard. They are data for other implementations: a change of them is a
 * change of the format.
 */

type Receipts = keyof typeof vectors.receipts;

const verify = (receipt: unknown): ReceiptVerdict => {
  const key = parseVkey(vectors.key)?.publicKey;
  return verifyReceipt(JSON.stringify(receipt), key === undefined ? {} : { key });
};

describe('receipt.json', () => {
  test.each(Object.entries(vectors.receipts))('%s verifies, and says its summary', (_, receipt) => {
    const { summary } = receipt;
    expect(verify(receipt)).toMatchObject({ ok: true, summary, ledger: { known: true } });
  });

  test.each(vectors.refused)('$name: refused as $code', ({ receipt, at, code, ...change }) => {
    const altered = changed(vectors.receipts[receipt as Receipts], at, change);
    expect(verify(altered)).toMatchObject({ ok: false, code });
  });
});

/** A copy with the member at this place set; taken away, where there is no value. */
function changed(receipt: unknown, at: string, change: { readonly value?: unknown }): unknown {
  const copy = structuredClone(receipt);
  const names = at.slice(1).split('/');
  const last = names.pop() ?? '';
  let holder = copy as Record<string, unknown>;
  for (const name of names) holder = holder[name] as Record<string, unknown>;
  if (change.value === undefined) delete holder[last];
  else holder[last] = change.value;
  return copy;
}
