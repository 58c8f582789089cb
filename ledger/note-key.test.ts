import { describe, expect, it } from 'vitest';
import { toBase64, toHex, utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { formatVkey, isKeyName, noteKey, parseVkey } from './note-key.ts';
import { published } from './testing/published-notes.ts';

const publicKey = new Uint8Array(32).fill(7);
const vkeys = [
  ...published.notes.map(({ vkey }) => vkey),
  published.sumdb.vkey,
  published.cosigned.vkey,
  ...published.cosigned.witnesses.map(({ vkey }) => vkey),
];

describe('a vkey', () => {
  it.each(vkeys)('that others published is read and written back: %s', (vkey) => {
    const key = parseVkey(vkey);
    expect(key && formatVkey(key)).toBe(vkey);
  });

  it('has the id that the specification computes', () => {
    const { id } = noteKey('note', 'a/b', publicKey);
    expect(id).toStrictEqual(sha256(utf8('a/b\n'), Uint8Array.of(1), publicKey).slice(0, 4));
    const { id: witness } = noteKey('cosignature', 'a/b', publicKey);
    expect(witness).toStrictEqual(sha256(utf8('a/b\n'), Uint8Array.of(4), publicKey).slice(0, 4));
  });
});

describe('refused is a vkey', () => {
  const key = noteKey('note', 'a/b', publicKey);
  const material = (type: number, length = 32) =>
    toBase64(Uint8Array.of(type, ...new Uint8Array(length).fill(7)));
  const idOf = (type: number, name = 'a/b') =>
    toHex(sha256(utf8(`${name}\n`), Uint8Array.of(type), publicKey).slice(0, 4));
  const good = formatVkey(key);

  it.each([
    ['that is empty', ''],
    ['without a name', good.slice(3)],
    ['with another id', good.replace(toHex(key.id), '00000000')],
    ['with an id in capitals', good.replace(toHex(key.id), toHex(key.id).toUpperCase())],
    ['of another name', good.replace('a/b', 'a/c')],
    ['of a type that is not known', `a/b+${idOf(2)}+${material(2)}`],
    ['of type 0', `a/b+${idOf(0)}+${material(0)}`],
    ['with a shorter key', `a/b+${toHex(key.id)}+${material(1, 31)}`],
    ['with a longer key', `a/b+${toHex(key.id)}+${material(1, 33)}`],
    ['with a space in its name', `a b+${idOf(1, 'a b')}+${material(1)}`],
    ['with a line feed after it', `${good}\n`],
    ['with a name that is too long', `${'x'.repeat(256)}+${idOf(1)}+${material(1)}`],
    ['with a name that is too long in bytes', `${'é'.repeat(128)}+${idOf(1)}+${material(1)}`],
    ['with base64 of the other alphabet', `a/b+${toHex(key.id)}+${'_'.repeat(44)}`],
  ])('%s', (_, text) => {
    expect(parseVkey(text)).toBeUndefined();
  });

  it('whose key is none', () => {
    expect(() => noteKey('note', 'a/b', new Uint8Array(31))).toThrow(RangeError);
    expect(() => noteKey('note', 'a b', publicKey)).toThrow(RangeError);
  });
});

it.each(['', 'a b', 'a+b', 'a\nb', 'a\u0085b', 'a\u00a0b', 'a\u2028b', 'a\u3000b'])(
  '%j is no name of a key',
  (name) => {
    expect(isKeyName(name)).toBe(false);
  },
);
