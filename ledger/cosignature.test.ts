import { describe, expect, it } from 'vitest';
import { concat, u64 } from '../wire/bytes.ts';
import { signerFrom, verifyText } from '../wire/crypto.ts';
import { checkpointText, signCheckpoint } from './checkpoint.ts';
import { cosign, cosignatureBy, verifyCosignature } from './cosignature.ts';
import { type NoteKey, noteKey, parseVkey } from './note-key.ts';
import { formatNote, formatSignatureLine, type Note, openNote, parseNote } from './signed-note.ts';
import { fixedBytes, signer } from './testing/fixtures.ts';
import { published } from './testing/published-notes.ts';

const witness = signerFrom(new Uint8Array(32).fill(4));
const name = 'witness.example/w1';
const key = noteKey('cosignature', name, witness.publicKey);
const checkpoint = { origin: 'example.org/log', size: 5, root: fixedBytes('root') };
const text = checkpointText(checkpoint);
const time = 1_800_000_000;
const line = cosign(witness, name, text, time);

describe('a cosignature', () => {
  it('covers two lines of its own and the whole checkpoint', () => {
    const signed = `cosignature/v1\ntime ${time}\n${text}`;
    expect(line).toStrictEqual({
      name,
      keyId: key.id,
      signature: concat(u64(time), witness.signText(signed)),
    });
    expect(verifyText(witness.publicKey, signed, line.signature.slice(8))).toBe(true);
  });

  it('verifies, and says when', () => {
    expect(verifyCosignature(key, text, line)).toBe(time);
  });

  it.each(published.cosigned.witnesses)('that $vkey made and published verifies', (w) => {
    const note = parseNote(published.cosigned.note) as Note;
    const found = cosignatureBy(parseVkey(w.vkey) as NoteKey, note);
    expect(found?.timeSeconds).toBe(w.timeSeconds);
  });

  it('is refused for another text, time, name, key or type of key', () => {
    const other = signerFrom(new Uint8Array(32).fill(5));
    const shifted = concat(u64(time + 1), line.signature.slice(8));
    const refused: readonly (readonly [NoteKey, string, typeof line])[] = [
      [key, text.replace('\n5\n', '\n6\n'), line],
      [key, `${text}more\n`, line],
      [key, text, { ...line, signature: shifted }],
      [key, text, { ...line, name: 'witness.example/w2' }],
      [key, text, { ...line, keyId: new Uint8Array(4) }],
      [noteKey('cosignature', 'witness.example/w2', witness.publicKey), text, line],
      [{ ...noteKey('cosignature', name, other.publicKey), id: key.id }, text, line],
      [{ ...key, type: 'note' }, text, line],
    ];
    for (const [by, of, said] of refused) expect(verifyCosignature(by, of, said)).toBeUndefined();
  });

  it('is refused with one bit flipped, a byte more or a byte less', () => {
    const { signature } = line;
    for (let at = 0; at < signature.length; at += 1) {
      const flipped = signature.slice();
      flipped[at] = (flipped[at] as number) ^ 1;
      expect(verifyCosignature(key, text, { ...line, signature: flipped })).toBeUndefined();
    }
    for (const other of [signature.slice(1), concat(signature, u64(0)), new Uint8Array(0)])
      expect(verifyCosignature(key, text, { ...line, signature: other })).toBeUndefined();
  });

  it('has a time from 1 to 2^53 - 1', () => {
    for (const bad of [0, -1, 1.5, 2 ** 53])
      expect(() => cosign(witness, name, text, bad)).toThrow(RangeError);
    const endless = new Uint8Array(72).fill(255);
    expect(verifyCosignature(key, text, { ...line, signature: endless })).toBeUndefined();
    const timeless = concat(u64(0), witness.signText(`cosignature/v1\ntime 0\n${text}`));
    expect(verifyCosignature(key, text, { ...line, signature: timeless })).toBeUndefined();
  });

  it('is no signature of a note, nor the other way round', () => {
    const bare = { name, keyId: key.id, signature: witness.signText(text) };
    expect(verifyCosignature(key, text, bare)).toBeUndefined();
    const note = formatNote({
      text,
      signatures: [{ ...line, signature: line.signature.slice(8) }],
    });
    const asNote = { ...noteKey('note', name, witness.publicKey), id: key.id };
    expect(openNote(note, [asNote])).toStrictEqual({ ok: false, reason: 'forged' });
  });
});

describe('among the lines of a note', () => {
  const note = (...lines: readonly (typeof line)[]) =>
    parseNote(
      `${signCheckpoint(signer, checkpoint)}${lines.map(formatSignatureLine).join('')}`,
    ) as Note;

  it('the latest good one of a witness is found', () => {
    const earlier = cosign(witness, name, text, time - 100);
    const forged = { ...line, signature: concat(u64(time + 9), line.signature.slice(8)) };
    const found = cosignatureBy(key, note(earlier, forged, line, earlier));
    expect(found).toStrictEqual({ line, timeSeconds: time });
  });

  it('none is found where there is none', () => {
    expect(cosignatureBy(key, note())).toBeUndefined();
    expect(cosignatureBy({ ...key, name: 'other' }, note(line))).toBeUndefined();
  });
});
