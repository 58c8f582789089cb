import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import checkpoints from '../docs/spec/vectors/checkpoint.json' with { type: 'json' };
import trees from '../docs/spec/vectors/tree.json' with { type: 'json' };
import { fromHex, toHex } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import { leafOf, ledgerIdOf } from './chain.ts';
import {
  checkpointText,
  ledgerLog,
  ledgerOrigin,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from './checkpoint.ts';
import { cosign, verifyCosignature } from './cosignature.ts';
import { formatVkey, noteKey, parseVkey } from './note-key.ts';
import {
  consistencyRanges,
  inclusionRanges,
  verifyConsistency,
  verifyInclusion,
} from './proofs.ts';
import { formatSignatureLine, type NoteSignature, parseSignatureLine } from './signed-note.ts';
import { emptyFrontier, extend, rootOf } from './tree.ts';

/*
 * The vectors beside the standard. They are data for other implementations: a change of them is a
 * change of what the standard says.
 */

const hashes = (values: readonly string[]) => values.map(fromHex);
const pairs = (ranges: readonly { start: number; end: number }[]) =>
  ranges.map(({ start, end }) => [start, end]);
const rootAt = (size: number) => trees.roots.find((one) => one.size === size)?.root ?? '';
const head = (size: number, root = rootAt(size)) => ({ size, root: fromHex(root) });

describe('tree.json', () => {
  test.each(trees.leaves)('leaf $index is that of its record', ({ record, leaf }) => {
    expect(toHex(leafOf(fromHex(record)))).toBe(leaf);
  });

  test.each(trees.roots)('the root of $size leaves', ({ size, root }) => {
    const record = (index: number) => fromHex(index.toString(16).padStart(16, '0'));
    const leaves = Array.from({ length: size }, (_, index) => leafOf(record(index)));
    expect(toHex(rootOf(extend(emptyFrontier, leaves)))).toBe(root);
  });

  test.each(trees.inclusion)('leaf $index of $size is included', ({ index, size, ...vector }) => {
    expect(pairs(inclusionRanges(index, size))).toStrictEqual(vector.ranges);
    const leaf = leafOf(fromHex(index.toString(16).padStart(16, '0')));
    expect(verifyInclusion(leaf, index, head(size), hashes(vector.proof))).toBe(true);
  });

  test.each(trees.consistency)('$from leaves grow to $to', ({ from, to, ...vector }) => {
    expect(pairs(consistencyRanges(from, to))).toStrictEqual(vector.ranges);
    expect(verifyConsistency(head(from), head(to), hashes(vector.proof))).toBe(true);
  });

  test.each(trees.refusedInclusion)('an inclusion proof with $name is refused', (vector) => {
    const { leaf, index, size, root, proof } = vector;
    expect(verifyInclusion(fromHex(leaf), index, head(size, root), hashes(proof))).toBe(false);
  });

  test.each(trees.refusedConsistency)('a consistency proof with $name is refused', (vector) => {
    const { from, fromRoot, to, toRoot, proof } = vector;
    const [older, newer] = [head(from, fromRoot), head(to, toRoot)];
    expect(verifyConsistency(older, newer, hashes(proof))).toBe(false);
  });
});

describe('checkpoint.json', () => {
  const { origin, cosigner } = checkpoints;
  const signer = signerFrom(fromHex(checkpoints.seed));
  const ledgerId = fromHex(checkpoints.ledgerId);
  const log = ledgerLog(ledgerId, [fromHex(checkpoints.publicKey)]);
  const witness = signerFrom(fromHex(cosigner.seed));
  const witnessKey = noteKey('cosignature', cosigner.name, witness.publicKey);
  const lineOf = (text: string) => parseSignatureLine(text.slice(0, -1)) as NoteSignature;

  test('the key, its id, its origin and its vkey', () => {
    expect(toHex(signer.publicKey)).toBe(checkpoints.publicKey);
    expect(ledgerIdOf(signer.publicKey)).toStrictEqual(ledgerId);
    expect(ledgerOrigin(ledgerId)).toBe(origin);
    expect(log.keys.map(({ id }) => toHex(id))).toStrictEqual([checkpoints.keyId]);
    expect(log.keys.map(formatVkey)).toStrictEqual([checkpoints.vkey]);
    expect(parseVkey(checkpoints.vkey)).toStrictEqual(log.keys[0]);
  });

  test.each(checkpoints.checkpoints)('$name is signed and opened', ({ size, root, ...vector }) => {
    const checkpoint = { origin, size, root: fromHex(root) };
    expect(checkpointText(checkpoint)).toBe(vector.text);
    expect(signCheckpoint(signer, checkpoint)).toBe(vector.note);
    expect(openCheckpoint(vector.note, log)).toMatchObject({ ok: true, checkpoint });
  });

  test.each(checkpoints.taken)('a note with $name opens', ({ note, size }) => {
    expect(openCheckpoint(note, log)).toMatchObject({ ok: true, checkpoint: { size } });
  });

  test.each(checkpoints.refused)('a note with $name is $reason', ({ note, reason }) => {
    expect(openCheckpoint(note, log)).toStrictEqual({ ok: false, reason });
  });

  test.each(checkpoints.refusedVkeys)('a vkey with $name is refused', ({ vkey }) => {
    expect(parseVkey(vkey)).toBeUndefined();
  });

  test('the key of the witness, its id and its vkey', () => {
    expect(toHex(witness.publicKey)).toBe(cosigner.publicKey);
    expect(toHex(witnessKey.id)).toBe(cosigner.keyId);
    expect(formatVkey(witnessKey)).toBe(cosigner.vkey);
  });

  test.each(checkpoints.cosignatures)(
    'the cosignature $name',
    ({ text, timeSeconds, ...vector }) => {
      const line = cosign(witness, cosigner.name, text, timeSeconds);
      expect(formatSignatureLine(line)).toBe(vector.line);
      expect(line.signature.slice(8)).toStrictEqual(witness.signText(vector.message));
      expect(verifyCosignature(witnessKey, text, lineOf(vector.line))).toBe(timeSeconds);
    },
  );

  test.each(checkpoints.refusedCosignatures)('a cosignature with $name is refused', (vector) => {
    expect(verifyCosignature(witnessKey, vector.text, lineOf(vector.line))).toBeUndefined();
  });
});

test('the specification shows these very values', () => {
  const text = readFileSync(new URL('../docs/spec/checkpoint.md', import.meta.url), 'utf8');
  const [example] = checkpoints.checkpoints;
  const [cosignature] = checkpoints.cosignatures;
  const shown = [
    example?.note,
    example?.root,
    checkpoints.vkey,
    cosignature?.line,
    cosignature?.message,
    checkpoints.requests[1]?.body,
  ];
  for (const value of shown) expect(text).toContain(value ?? 'nothing');
  expect(parseCheckpoint(example?.text ?? '')).toMatchObject({ size: 2 });
  const ranges = (list: readonly { start: number; end: number }[]) =>
    list.map(({ start, end }) => `\`[${start},${end})\``).join(', ');
  expect(text).toContain(`For leaf 4 of 7: ${ranges(inclusionRanges(4, 7))}.`);
  expect(text).toContain(`From 3 leaves to 7: ${ranges(consistencyRanges(3, 7))}.`);
});
