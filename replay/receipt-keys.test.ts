import { beforeAll, describe, expect, it } from 'vitest';
import { leafOf } from '../ledger/chain.ts';
import { cosign } from '../ledger/cosignature.ts';
import { formatVkey, noteKey } from '../ledger/note-key.ts';
import { signRotation } from '../ledger/rotation.ts';
import type { RotationJson } from '../ledger/rotation-json.ts';
import { formatSignatureLine } from '../ledger/signed-note.ts';
import { fixedBytes, identity, signer } from '../ledger/testing/fixtures.ts';
import { fromBase64, toBase64, toHex } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import { type SignedStatement, signStatement } from '../wire/statement.ts';
import { receiptOfEvent } from './issue-receipt.ts';
import { formatReceipt, type Receipt } from './receipt-format.ts';
import { firstKeyOf } from './receipt-keys.ts';
import { checkpointOf, exchange, forgedReceipt, stated } from './testing/forged-receipts.ts';
import { bad, flipped, issuerOf, receiptOf, sourceOf, verified } from './testing/receipts.ts';
import { type Told, tellStory } from './testing/story.ts';
import { verifyReceipt } from './verify-receipt.ts';

const stranger = signerFrom(fixedBytes('stranger'));

let told: Told;
let _plain: Receipt;
let open: Receipt;
let _other: Receipt;

beforeAll(async () => {
  told = await tellStory();
  _plain = await receiptOf(told, 'approved', false);
  open = await receiptOf(told, 'approved', true);
  _other = await receiptOf(told, 'denied', true);
});

describe('a checkpoint of a receipt', () => {
  const leaves = [leafOf(fixedBytes('one')), leafOf(fixedBytes('two'))];

  it('of another tree holds none of the records', () => {
    const many = Array.from({ length: 80 }, (_, at) => leafOf(fixedBytes(`${at}`)));
    const checkpoint = checkpointOf(many);
    expect(verified({ ...open, checkpoint })).toMatchObject(bad('NOT_INCLUDED'));
    expect(verified({ ...open, checkpoint: checkpointOf(leaves) })).toMatchObject(
      bad('NOT_INCLUDED'),
    );
  });

  it('is refused by another key, of another ledger, or altered', () => {
    const notes = [
      checkpointOf(leaves, stranger),
      checkpointOf(leaves, signer, fixedBytes('ledger', 16)),
      open.checkpoint.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`),
      'nothing',
      '',
    ];
    for (const checkpoint of notes)
      expect(verified({ ...open, checkpoint })).toMatchObject(bad('CHECKPOINT_INVALID'));
  });

  it('may bear the signatures of others, which prove nothing without their keys', () => {
    const witness = noteKey('cosignature', 'witness.example/w', stranger.publicKey);
    const text = `${open.checkpoint.split('\n\n')[0]}\n`;
    const line = formatSignatureLine(cosign(stranger, witness.name, text, 1_800_000_100));
    const cosigned = { ...open, checkpoint: open.checkpoint + line };
    expect(verified(cosigned)).toMatchObject({
      ok: true,
      checkpoint: { witnesses: [], unknown: [witness.name] },
    });
    expect(verified(cosigned, { witnesses: [witness] })).toMatchObject({
      ok: true,
      checkpoint: { witnesses: [{ name: witness.name, timeSeconds: 1_800_000_100 }], unknown: [] },
    });
    expect(verified(open, { witnesses: [witness] })).toMatchObject(bad('WITNESS_MISSING'));
    const elsewhere = formatSignatureLine(cosign(stranger, witness.name, 'x\n1\ny\n', 1));
    const lied = { ...open, checkpoint: open.checkpoint + elsewhere };
    expect(verified(lied, { witnesses: [witness] })).toMatchObject(bad('WITNESS_MISSING'));
  });
});

describe('the keys of a receipt', () => {
  it('are not those of another ledger', () => {
    expect(verified(open, { key: stranger.publicKey })).toMatchObject(bad('KEY_NOT_FOLLOWED'));
    const key = formatVkey(firstKeyOf(identity.id, stranger.publicKey));
    const posing = { ...open, ledger: { ...open.ledger, key } };
    expect(verified(posing)).toMatchObject(bad('LEDGER_ID'));
    const id = toHex(fixedBytes('ledger', 16));
    expect(verified({ ...open, ledger: { ...open.ledger, id } })).toMatchObject(bad('LEDGER_ID'));
    expect(verified({ ...open, ledger: { ...open.ledger, key: 'a+b+c' } })).toMatchObject(
      bad('MALFORMED'),
    );
  });

  it('are taken from the receipt where the reader has none, and it says so', () => {
    const verdict = verifyReceipt(formatReceipt(open));
    expect(verdict).toMatchObject({ ok: true, ledger: { known: false } });
    expect(verified(open)).toMatchObject({ ok: true, ledger: { known: true } });
  });
});

describe('a receipt of a ledger whose key has changed twice', () => {
  const [second, third] = [signerFrom(fixedBytes('second')), signerFrom(fixedBytes('third'))];
  let receipt: Receipt;

  beforeAll(async () => {
    const changed = await tellStory([second, third]);
    await changed.story.rotate(second);
    await changed.story.rotate(third);
    const { served = '' } = changed.keys;
    const issued = issuerOf(third);
    receipt = await receiptOfEvent(sourceOf(changed), issued, served, true);
  });

  const withRotation = (at: number, change: Partial<RotationJson>): Receipt => ({
    ...receipt,
    rotations: receipt.rotations.map((one, place) => (place === at ? { ...one, ...change } : one)),
  });

  it('is followed from any of its keys to the one that signed', () => {
    for (const { publicKey } of [signer, second, third])
      expect(verified(receipt, { key: publicKey })).toMatchObject({
        ok: true,
        ledger: { rotations: 2, known: true },
      });
  });

  it('is refused with its changes swapped, altered, doubled or left out', () => {
    const [one, two] = receipt.rotations as [RotationJson, RotationJson];
    for (const rotations of [[two, one], [one, one, two], [two]])
      expect(verified({ ...receipt, rotations })).toMatchObject(bad('ROTATION_INVALID'));
    for (const change of [
      { index: one.index + 1 },
      { head: flipped(one.head) },
      { key: toBase64(stranger.publicKey) },
      { by_old: two.by_old },
      { by_new: flipped(one.by_new) },
    ])
      expect(verified(withRotation(0, change))).toMatchObject(bad('ROTATION_INVALID'));
    for (const rotations of [[one], []])
      expect(verified({ ...receipt, rotations })).toMatchObject(bad('CHECKPOINT_INVALID'));
  });

  it('is refused with a change that only the new key has signed', () => {
    const [one] = receipt.rotations as [RotationJson];
    const place = { index: one.index, head: fromBase64(one.head) };
    const { byOld, byNew } = signRotation(stranger, stranger, identity.id, place);
    const hijacked = {
      ...one,
      key: toBase64(stranger.publicKey),
      by_old: toBase64(byOld),
      by_new: toBase64(byNew),
    };
    expect(verified({ ...receipt, rotations: [hijacked] })).toMatchObject(bad('ROTATION_INVALID'));
  });

  it('is refused where a key that was replaced signs what came later', () => {
    const many = Array.from({ length: 100 }, (_, at) => leafOf(fixedBytes(`${at}`)));
    for (const by of [signer, second]) {
      const checkpoint = checkpointOf(many, by);
      expect(verified({ ...receipt, checkpoint })).toMatchObject(bad('KEY_RETIRED'));
    }
    const early = checkpointOf(many.slice(0, 3), third);
    expect(verified({ ...receipt, checkpoint: early })).toMatchObject(bad('KEY_RETIRED'));
  });

  it('is refused for a reader whose key came later than the one that signed', () => {
    const [one] = receipt.rotations as [RotationJson];
    const early = { ...receipt, checkpoint: checkpointOf([leafOf(fixedBytes('x'))]) };
    expect(one.index).toBeGreaterThan(1);
    expect(verified(early, { key: third.publicKey })).toMatchObject(bad('KEY_NOT_FOLLOWED'));
  });

  it('takes statements by earlier keys about what those have signed, and no others', () => {
    const [statement] = receipt.statements as [SignedStatement];
    const { key: _, signature: __, ...said } = statement;
    const before = signStatement(signer, said);
    expect(verified(receipt, { statements: [before] })).toMatchObject({ ok: true, matched: [{}] });
    const evidence = lateStatement();
    expect(verified(evidence)).toMatchObject(bad('KEY_RETIRED'));
  });

  /** The first key signs a statement about a record that stands behind its end. */
  function lateStatement(): Receipt {
    const [one] = receipt.rotations as [RotationJson];
    const place = { index: 1, head: fromBase64(one.head) };
    const { byOld, byNew } = signRotation(signer, second, identity.id, place);
    const change = { by_old: toBase64(byOld), by_new: toBase64(byNew) };
    const rotation = { ...one, ...change, index: 1, key: toBase64(second.publicKey) };
    const evidence = exchange();
    const leaves = evidence.records.map(({ stored }) => leafOf(fromBase64(stored)));
    const checkpoint = checkpointOf(leaves, second);
    const later = { ...evidence, rotations: [rotation], checkpoint };
    const summary = forgedReceipt(later).summary;
    const statements = [stated(later, 1, 'refused')];
    return { type: 'cambium-receipt', v: 1, summary, ...later, statements };
  }
});
