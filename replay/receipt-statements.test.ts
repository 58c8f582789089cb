import { beforeAll, describe, expect, it } from 'vitest';
import { fixedBytes } from '../ledger/testing/fixtures.ts';
import { signerFrom } from '../wire/crypto.ts';
import { type SignedStatement, signStatement } from '../wire/statement.ts';
import { receiptOfEvent } from './issue-receipt.ts';
import type { Receipt } from './receipt-format.ts';
import { exchange, forgedReceipt, stated } from './testing/forged-receipts.ts';
import { bad, issuer, receiptOf, sourceOf, verified } from './testing/receipts.ts';
import { type Told, tellStory } from './testing/story.ts';

const stranger = signerFrom(fixedBytes('stranger'));

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

describe('a statement', () => {
  const mine = (): SignedStatement => plain.statements.at(-1) as SignedStatement;

  it('that a service kept is found in the receipt of its event, and in no other', () => {
    const statements = [mine()];
    const record = plain.records.at(-1)?.index;
    expect(verified(plain, { statements })).toMatchObject({ ok: true, matched: [{ record }] });
    expect(verified(open, { statements })).toMatchObject({ ok: true, matched: [{ record }] });
    expect(verified(other, { statements })).toMatchObject(bad('STATEMENT_UNRELATED'));
  });

  it('that is altered, or not the vault’s, is refused', () => {
    const { key: _, signature: __, ...said } = mine();
    const forged = [
      { ...mine(), status: 'refused', code: 'refused' },
      { ...mine(), time: mine().time + 1 },
      signStatement(stranger, said),
      { ...signStatement(stranger, said), key: mine().key },
      null,
      7,
      {},
    ];
    for (const value of forged) {
      expect(verified(plain, { statements: [value] })).toMatchObject(bad('STATEMENT_INVALID'));
      const brought = { ...plain, statements: [value as SignedStatement] };
      expect(verified(brought).ok).toBe(false);
    }
  });

  it('is refused beside one about another event, or in another order', async () => {
    const denied = await receiptOf(told, 'denied', false);
    const both = [...plain.statements, ...denied.statements];
    const records = [...plain.records, ...denied.records];
    const mixed = { ...plain, records, statements: both };
    expect(verified(mixed)).toMatchObject(bad('STATEMENT_UNRELATED'));
    const statements = [...plain.statements].reverse();
    expect(verified({ ...plain, statements })).toMatchObject(bad('STATEMENT_UNRELATED'));
  });

  it('that the vault has signed against its own record is told apart from a forged one', () => {
    const evidence = exchange();
    const says = forgedReceipt(evidence).summary;
    expect(says).toMatchObject({ outcome: 'refused', code: 'rate_limited' });
    const receipt = { type: 'cambium-receipt' as const, v: 1 as const, summary: says, ...evidence };
    expect(verified(receipt, { statements: [stated(evidence, 1, 'refused')] }).ok).toBe(true);
    const lie = stated(evidence, 1, 'served');
    expect(verified(receipt, { statements: [lie] })).toMatchObject({
      ...bad('STATEMENT_CONTRADICTED'),
      index: 1,
    });
    const other = stated(evidence, 0, 'refused');
    expect(verified(receipt, { statements: [other] })).toMatchObject(bad('STATEMENT_CONTRADICTED'));
  });

  it('has no place in a receipt that is about no event', async () => {
    const last = `${told.story.journal.state.size - 1}`;
    const receipt = await receiptOfEvent(sourceOf(told), issuer, last, false);
    const stray = { ...receipt, statements: plain.statements };
    expect(verified(stray).ok).toBe(false);
  });
});
