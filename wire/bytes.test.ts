import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  concat,
  equalBytes,
  fromBase64,
  fromBase64url,
  fromHex,
  toBase64,
  toBase64url,
  toHex,
  u64,
  utf8,
} from './bytes.ts';

const bytes = fc.uint8Array({ maxLength: 200 });

test('hex, base64 and base64url give back what they were made from', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(fromHex(toHex(value))).toStrictEqual(value);
      expect(fromBase64(toBase64(value))).toStrictEqual(value);
      expect(fromBase64url(toBase64url(value))).toStrictEqual(value);
    }),
  );
});

test('a view of a larger buffer is written without its surroundings', () => {
  const view = Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 3);
  expect(toHex(view)).toBe('0203');
  expect(toBase64url(view)).toBe('AgM');
  expect(concat(view, view)).toStrictEqual(Uint8Array.of(2, 3, 2, 3));
});

test.each(['a', '0g', '0x00', ' 00', '00\n', 'é0'])('%j is not hex', (text) => {
  expect(() => fromHex(text)).toThrow(RangeError);
});

test.each([
  ['padding', 'AA=='],
  ['the alphabet of plain base64', '+/+/'],
  ['white space', 'AA AA'],
  ['a line break at the end', 'AAAA\n'],
  ['one digit alone', 'A'],
  ['unused bits that are not zero', 'AB'],
  ['another letter', 'AAéA'],
])('base64url with %s is refused', (_, text) => {
  expect(() => fromBase64url(text)).toThrow(RangeError);
});

test.each([
  ['no padding', 'AA'],
  ['padding too much', 'AAAA===='],
  ['the alphabet of base64url', '_-_-'],
  ['white space', 'AA AA'],
  ['a line break at the end', 'AAAA\n'],
  ['unused bits that are not zero', 'AB=='],
  ['another letter', 'AAéA'],
])('base64 with %s is refused', (_, text) => {
  expect(() => fromBase64(text)).toThrow(RangeError);
});

test('two base64url texts never mean the same bytes', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      let read: Uint8Array;
      try {
        read = fromBase64url(text);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return;
      }
      expect(toBase64url(read)).toBe(text);
    }),
  );
});

test('u64 is eight bytes, big-endian', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(Buffer.from(u64(value)).readBigUInt64BE()).toBe(BigInt(value));
    }),
  );
  expect(toHex(u64(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff');
});

test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('%d is not a u64', (value) => {
  expect(() => u64(value)).toThrow(RangeError);
});

test('byte strings are equal when length and content are', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
      expect(equalBytes(a, a.slice())).toBe(true);
    }),
  );
});

test('text becomes its UTF-8', () => {
  expect(toHex(utf8('é€😀'))).toBe('c3a9e282acf09f9880');
});
