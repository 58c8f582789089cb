import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  eventId,
  identifierFrom,
  isContractId,
  isEventId,
  isEventType,
  isIdentifier,
  isParty,
} from './identifiers.ts';

const random = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hostile = ['', ' ', '.', '*', '>', 'a.b', 'a b', 'a\n', '\n', 'é', '\u0000', '$JS', '_INBOX'];

describe('an identifier', () => {
  test('is RFC 4648 base32 of its 16 bytes, in lower case', () => {
    expect(identifierFrom(new Uint8Array(16))).toBe('a'.repeat(26));
    expect(identifierFrom(new Uint8Array(16).fill(0xff))).toBe(`${'7'.repeat(25)}4`);
    expect(identifierFrom(Uint8Array.from({ length: 16 }, (_, i) => i))).toBe(
      'aaaqeayeaudaocajbifqydiob4',
    );
  });

  test('has the form of one, and differs for other bytes', () => {
    fc.assert(
      fc.property(random(16), random(16), (one, two) => {
        expect(isIdentifier(identifierFrom(one))).toBe(true);
        const same = one.every((byte, i) => byte === two[i]);
        expect(identifierFrom(one) === identifierFrom(two)).toBe(same);
      }),
    );
  });

  test('is made of 16 bytes and no other number', () => {
    expect(() => identifierFrom(new Uint8Array(15))).toThrow(RangeError);
  });

  test.each([...hostile, 'a'.repeat(25), 'a'.repeat(27), 'A'.repeat(26), `${'a'.repeat(26)}\n`])(
    'is not %j',
    (text) => expect(isIdentifier(text)).toBe(false),
  );
});

describe('an event id', () => {
  test('is a UUIDv7 that tells its time', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 48 - 1 }), random(10), (time, bytes) => {
        const id = eventId(time, bytes);
        expect(isEventId(id)).toBe(true);
        expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(time);
      }),
    );
  });

  test('is the example of RFC 9562 for its time and bytes', () => {
    const bytes = Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f);
    expect(eventId(0x017f22e279b0, bytes)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  test('is not made for a time that does not fit, or of other than 10 bytes', () => {
    expect(() => eventId(2 ** 48, new Uint8Array(10))).toThrow(RangeError);
    expect(() => eventId(-1, new Uint8Array(10))).toThrow(RangeError);
    expect(() => eventId(0, new Uint8Array(16))).toThrow(RangeError);
  });

  test.each([
    ...hostile,
    '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
    '017f22e2-79b0-4cc3-98c4-dc0c0c07398f',
    '017f22e2-79b0-7cc3-c8c4-dc0c0c07398f',
    '017f22e279b07cc398c4dc0c0c07398f',
  ])('is not %j', (text) => expect(isEventId(text)).toBe(false));
});

describe('an event type', () => {
  test.each(['data.request', 'a', 'a1_b.c_2', 'a.b.c.d.e'])('may be %j', (text) => {
    expect(isEventType(text)).toBe(true);
  });

  test.each([
    ...hostile.filter((text) => text !== 'a.b'),
    ...['.a', 'a.', 'a..b', 'A', '1a', '_a', 'a-b', 'a.*', 'a.>', 'a.b.c.d.e.f', 'a'.repeat(65)],
  ])('is not %j', (text) => expect(isEventType(text)).toBe(false));
});

describe('a party', () => {
  test('is the public key of an account', () => {
    expect(isParty(`A${'B'.repeat(55)}`)).toBe(true);
  });

  test.each([...hostile, `U${'B'.repeat(55)}`, `A${'B'.repeat(54)}`, `A${'b'.repeat(55)}`])(
    'is not %j',
    (text) => expect(isParty(text)).toBe(false),
  );
});

describe('a contract id', () => {
  test.each(['shop', '7', 'shop.example_orders-2'])('may be %j', (text) => {
    expect(isContractId(text)).toBe(true);
  });

  test.each([...hostile.filter((text) => text !== 'a.b'), '-a', 'a/b', 'a'.repeat(129)])(
    'is not %j',
    (text) => expect(isContractId(text)).toBe(false),
  );
});
