import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64, utf8 } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import { type NoteKey, noteKey, parseVkey } from './note-key.ts';
import {
  formatNote,
  formatSignatureLine,
  noteBytesMax,
  noteSignaturesMax,
  openNote,
  parseNote,
  parseSignatureLine,
  signNote,
} from './signed-note.ts';
import { published } from './testing/published-notes.ts';

const key = (vkey: string): NoteKey => {
  const parsed = parseVkey(vkey);
  if (parsed === undefined) throw new Error(`not a vkey: ${vkey}`);
  return parsed;
};

describe('notes that others published', () => {
  it.each(published.notes)('$name opens under its key', ({ vkey, note, text }) => {
    expect(openNote(note, [key(vkey)])).toMatchObject({ ok: true, note: { text } });
  });

  it.each(published.notes)('$name is written back byte for byte', ({ note }) => {
    const parsed = parseNote(note);
    expect(parsed && formatNote(parsed)).toBe(note);
  });

  it.each(published.notes.filter(({ seed }) => seed !== undefined))(
    '$name is signed here with the same bytes',
    ({ vkey, note, text, seed = '' }) => {
      const signer = signerFrom(fromBase64(seed));
      expect(noteKey('note', key(vkey).name, signer.publicKey)).toStrictEqual(key(vkey));
      expect(signNote(signer, key(vkey).name, text)).toBe(note);
    },
  );

  it('one that two keys signed opens under either and both', () => {
    const [peter, enoch] = published.two.vkeys.map(key) as [NoteKey, NoteKey];
    const opened = (keys: NoteKey[]) => {
      const result = openNote(published.two.note, keys);
      return result.ok ? result.by.map(({ name }) => name) : result.reason;
    };
    expect(opened([peter])).toStrictEqual(['PeterNeumann']);
    expect(opened([enoch])).toStrictEqual(['EnochRoot']);
    expect(opened([enoch, peter])).toStrictEqual(['PeterNeumann', 'EnochRoot']);
    expect(opened([])).toBe('unsigned');
  });

  it('the example of the specification, whose key is not published, is a note', () => {
    expect(parseNote(published.poem)).toMatchObject({
      text: expect.stringMatching(/^Ognuno sta solo.*\n\ned è subito sera\.\n$/s),
      signatures: [{ name: 'quasimodo.example/salvatore' }],
    });
  });
});

const signer = signerFrom(new Uint8Array(32).fill(1));
const other = signerFrom(new Uint8Array(32).fill(2));
const name = 'example.org/log';
const own = noteKey('note', name, signer.publicKey);
const note = signNote(signer, name, 'a text\n\nof three lines\n');
const [line = ''] = note.match(/^\u2014 .*\n/m) ?? [];
const reason = (text: string, keys = [own]) => {
  const opened = openNote(text, keys);
  return opened.ok ? 'opened' : opened.reason;
};

describe('a note', () => {
  it('opens for who knows the key', () => {
    expect(openNote(note, [own])).toStrictEqual({ ok: true, note: parseNote(note), by: [own] });
  });

  it('is refused under another key, another name or another type of key', () => {
    expect(reason(note, [noteKey('note', name, other.publicKey)])).toBe('unsigned');
    expect(reason(note, [noteKey('note', 'example.org/other', signer.publicKey)])).toBe('unsigned');
    expect(reason(note, [{ ...own, type: 'cosignature' }])).toBe('unsigned');
  });

  it('is refused when any byte of its text or signature was changed', () => {
    const bytes = Buffer.from(note);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ (1 << bit);
        expect(reason(changed.toString('utf8'))).not.toBe('opened');
      }),
      { numRuns: 500 },
    );
  });

  it('is refused as a whole when one line of a known key does not verify', () => {
    const forged = formatSignatureLine({
      name,
      keyId: own.id,
      signature: new Uint8Array(64).fill(3),
    });
    expect(reason(`${note}${forged}`)).toBe('forged');
    expect(reason(`${note.replace(line, '')}${forged}${line}`)).toBe('forged');
  });

  it('keeps lines of unknown keys, whatever they sign, and opens all the same', () => {
    const unknown = `\u2014 elsewhere.example/key ${toBase64(new Uint8Array(2420))}\n\u2014 x AAAAAAA=\n`;
    const both = `${note}${unknown}`;
    expect(reason(both)).toBe('opened');
    expect(parseNote(both)?.signatures).toHaveLength(3);
    expect(formatNote(parseNote(both) ?? { text: '', signatures: [] })).toBe(both);
  });

  it('may be signed twice by one key', () => {
    expect(openNote(`${note}${line}`, [own])).toMatchObject({ ok: true, by: [own] });
  });

  it('is told from a note of a key that was made to have the same id', () => {
    const twin = { ...noteKey('note', name, other.publicKey), id: own.id };
    expect(reason(note, [twin])).toBe('forged');
    expect(openNote(note, [twin, own])).toMatchObject({ ok: true, by: [own] });
  });

  it('is never what the same key signed under a domain', () => {
    const underDomain = signer.sign('a domain', utf8('a text\n'));
    const made = formatNote({
      text: 'a domain\0a text\n',
      signatures: [{ name, keyId: own.id, signature: underDomain }],
    });
    expect(reason(made)).toBe('malformed');
    expect(() => signNote(signer, name, 'a domain\0a text\n')).toThrow(RangeError);
  });
});

describe('refused as malformed is', () => {
  it.each([
    ['nothing', ''],
    ['a text alone', 'a text\n'],
    ['no empty line', `a text\n${line}`],
    ['no signature', 'a text\n\n'],
    ['a signature without its line feed', note.slice(0, -1)],
    ['an empty line at the end', `${note}\n`],
    ['a line that is no signature', `${note}more\n`],
    ['a hyphen for the dash', note.replace('\u2014', '-')],
    ['two spaces', note.replace('\u2014 ', '\u2014  ')],
    ['no name', note.replace(` ${name}`, '')],
    ['a name with a plus', note.replace(name, 'example.org+log')],
    ['a name with a space', note.replace(name, 'example.org log')],
    ['a name with a wide space', note.replace(name, 'example.org\u3000log')],
    ['carriage returns', note.replaceAll('\n', '\r\n')],
    ['a tab', note.replace('a text', 'a\ttext')],
    ['a zero character', note.replace('a text', 'a\0text')],
    ['half a character', note.replace('a text', 'a\ud800text')],
    ['base64 without padding', note.replace(/=+\n$/, '\n')],
    ['base64 of the other alphabet', 'a text\n\n\u2014 x ____-A==\n'],
    ['base64 with bits too many', 'a text\n\n\u2014 x AAAAAAB=\n'],
    ['base64 with a space', 'a text\n\n\u2014 x AAAA AAA=\n'],
    ['a key id and nothing more', `a text\n\n\u2014 x ${toBase64(new Uint8Array(4))}\n`],
    ['a note that is too large', `${'a'.repeat(noteBytesMax)}\n\n${line}`],
    ['a note that is too large in bytes', `${'é'.repeat(noteBytesMax / 2)}\n\n${line}`],
  ])('%s', (_, text) => {
    expect(parseNote(text)).toBeUndefined();
    expect(reason(text)).toBe('malformed');
  });

  it('more signatures than there may be, and not one less', () => {
    const many = (count: number) => `a text\n\n${line.repeat(count)}`;
    expect(parseNote(many(noteSignaturesMax))?.signatures).toHaveLength(noteSignaturesMax);
    expect(parseNote(many(noteSignaturesMax + 1))).toBeUndefined();
  });

  it('anything, without an exception', () => {
    const part = fc.constantFrom('\n', '\n\n', '\u2014 ', 'x', ' ', 'AAAAAAA=', '+', line, 'a\n');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = parts.join('');
        const parsed = parseNote(text);
        if (parsed !== undefined) expect(formatNote(parsed)).toBe(text);
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseSignatureLine(text)));
  });
});

describe('nobody signs', () => {
  it.each(['', 'no line feed', 'a\r\n', 'a\0\n', '\ud800\n'])('the text %j', (text) => {
    expect(() => signNote(signer, name, text)).toThrow(RangeError);
  });

  it.each(['', 'a b', 'a+b', 'a\nb', 'x'.repeat(256)])('as %j', (bad) => {
    expect(() => signNote(signer, bad, 'a text\n')).toThrow(RangeError);
  });
});
