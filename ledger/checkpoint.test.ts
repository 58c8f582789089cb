import { describe, expect, it } from 'vitest';
import { toBase64 } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import {
  type Checkpoint,
  checkpointText,
  type Log,
  ledgerLog,
  ledgerOrigin,
  openCheckpoint,
  parseCheckpoint,
  parseSize,
  signCheckpoint,
} from './checkpoint.ts';
import { noteKey, parseVkey } from './note-key.ts';
import { signNote } from './signed-note.ts';
import { fixedBytes, identity, signer } from './testing/fixtures.ts';
import { published } from './testing/published-notes.ts';

const log = ledgerLog(identity.id, [identity.publicKey]);
const root = fixedBytes('root');
const checkpoint: Checkpoint = { origin: log.origin, size: 42, root };
const note = signCheckpoint(signer, checkpoint);
const reason = (text: string, of: Log = log) => {
  const opened = openCheckpoint(text, of);
  return opened.ok ? 'opened' : opened.reason;
};

describe('a checkpoint', () => {
  it('is three lines under the name of its ledger', () => {
    expect(ledgerOrigin(identity.id)).toMatch(/^cambium\.vault\/[0-9a-f]{32}$/);
    expect(checkpointText(checkpoint)).toBe(`${log.origin}\n42\n${toBase64(root)}\n`);
  });

  it('opens to what was signed', () => {
    expect(openCheckpoint(note, log)).toMatchObject({ ok: true, checkpoint, by: log.keys });
  });

  it.each([0, 1, Number.MAX_SAFE_INTEGER])('may have a size of %d', (size) => {
    const signed = signCheckpoint(signer, { ...checkpoint, size });
    expect(openCheckpoint(signed, log)).toMatchObject({ ok: true, checkpoint: { size } });
  });

  it('opens under any key that the ledger has had', () => {
    const newer = signerFrom(new Uint8Array(32).fill(8));
    const both = ledgerLog(identity.id, [identity.publicKey, newer.publicKey]);
    const signed = signCheckpoint(newer, checkpoint);
    expect(reason(signed)).toBe('unsigned');
    expect(openCheckpoint(signed, both)).toMatchObject({ ok: true, by: [both.keys[1]] });
    expect(reason(note, both)).toBe('opened');
  });

  it('of another ledger is refused, even when this one signed it', () => {
    const other = ledgerOrigin(fixedBytes('other', 16));
    const text = checkpointText({ ...checkpoint, origin: other });
    expect(reason(signNote(signer, log.origin, text))).toBe('foreign');
    expect(reason(signNote(signer, other, text))).toBe('unsigned');
  });

  it('is refused when a known key signed another text', () => {
    expect(reason(note.replace('\n42\n', '\n43\n'))).toBe('forged');
  });

  it('with extension lines is taken, and they are covered by the signature', () => {
    const extended = signNote(signer, log.origin, `${checkpointText(checkpoint)}more\n`);
    expect(openCheckpoint(extended, log)).toMatchObject({ ok: true, checkpoint });
    expect(reason(extended.replace('more', 'less'))).toBe('forged');
  });

  it('is not signed for a tree that cannot be', () => {
    for (const size of [-1, 1.5, 2 ** 53, Number.NaN])
      expect(() => signCheckpoint(signer, { ...checkpoint, size })).toThrow(RangeError);
    expect(() => signCheckpoint(signer, { ...checkpoint, root: root.slice(1) })).toThrow(
      RangeError,
    );
    expect(() => signCheckpoint(signer, { ...checkpoint, origin: '' })).toThrow(RangeError);
    expect(() => signCheckpoint(signer, { ...checkpoint, origin: 'a\nb' })).toThrow(RangeError);
  });
});

describe('checkpoints of other logs', () => {
  const key = (vkey: string) => parseVkey(vkey) ?? noteKey('note', 'none', new Uint8Array(32));

  it.each(published.sumdb.checkpoints)('that of the Go database at $size opens', (go) => {
    const opened = openCheckpoint(go.note, {
      origin: 'go.sum database tree',
      keys: [key(published.sumdb.vkey)],
    });
    expect(opened).toMatchObject({ ok: true, checkpoint: { size: go.size } });
  });

  it('that of a Certificate Transparency log opens, among its witnesses', () => {
    const { note: cosigned, vkey } = published.cosigned;
    const keys = [key(vkey)];
    const opened = openCheckpoint(cosigned, { origin: keys[0]?.name ?? '', keys });
    expect(opened).toMatchObject({ ok: true, checkpoint: { size: 1_432_088_532 }, by: keys });
  });
});

describe('refused as no checkpoint is', () => {
  const base64 = toBase64(root);

  it.each([
    ['nothing', ''],
    ['two lines', `${log.origin}\n42\n`],
    ['no line feed at the end', `${log.origin}\n42\n${base64}`],
    ['an empty origin', `\n42\n${base64}\n`],
    ['an empty line', `${log.origin}\n42\n${base64}\n\nmore\n`],
    ['a leading zero', `${log.origin}\n042\n${base64}\n`],
    ['two zeros', `${log.origin}\n00\n${base64}\n`],
    ['a sign', `${log.origin}\n+42\n${base64}\n`],
    ['a negative size', `${log.origin}\n-1\n${base64}\n`],
    ['a space', `${log.origin}\n 42\n${base64}\n`],
    ['a fraction', `${log.origin}\n4.2\n${base64}\n`],
    ['an exponent', `${log.origin}\n1e3\n${base64}\n`],
    ['hexadecimal', `${log.origin}\n0x2a\n${base64}\n`],
    ['digits of another script', `${log.origin}\n\u0664\u0662\n${base64}\n`],
    ['a size of 2^53', `${log.origin}\n9007199254740992\n${base64}\n`],
    ['a size of 20 digits', `${log.origin}\n10000000000000000000\n${base64}\n`],
    ['a shorter root', `${log.origin}\n42\n${toBase64(root.slice(1))}\n`],
    ['a root with another digit', `${log.origin}\n42\n${base64.slice(0, 43)}A\n`],
    ['a root with bits too many', `${log.origin}\n42\n${base64.slice(0, 42)}B=\n`],
    ['a root in base64url', `${log.origin}\n42\n${'_'.repeat(43)}=\n`],
  ])('%s', (_, text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
    if (/\n$/.test(text)) expect(reason(signNote(signer, log.origin, text))).toBe('malformed');
  });
});

it('a size is decimal, and only that', () => {
  expect(['0', '7', '9007199254740991'].map(parseSize)).toStrictEqual([0, 7, 2 ** 53 - 1]);
  for (const text of ['', '00', '-0', '7\n', '9007199254740992', '1_0'])
    expect(parseSize(text)).toBeUndefined();
});
