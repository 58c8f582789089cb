import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, utf8 } from './bytes.ts';
import { decode, decodeShared, encode, encodeCanonical, integer, MsgpackError } from './msgpack.ts';
import { referenceDecode } from './testing/reference-decoder.ts';

const text = fc.string({ unit: 'binary', maxLength: 80 });
const key = fc.oneof(
  text,
  fc.constantFrom('constructor', 'toJSON', 'hasOwnProperty', '10', '9', ''),
);
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  text,
  fc.uint8Array({ maxLength: 80 }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 20 }),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 20, selector: ([name]) => name })
      .filter((members) => members.every(([name]) => name !== '__proto__'))
      .map((members) => Object.fromEntries(members)),
  ),
}));

function outcome(bytes: Uint8Array): unknown {
  try {
    return { value: decode(bytes) };
  } catch (error) {
    expect(error).toBeInstanceOf(MsgpackError);
    return 'refused';
  }
}

/** Bytes that mean something to a decoder more often than random ones do. */
const tokens = fc.oneof(
  { weight: 3, arbitrary: value.map(encode) },
  { weight: 3, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 9 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0x80, max: 0xdf }).map((tag) => Uint8Array.of(tag)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(0xca, 0xcb, 0xcf, 0xd3), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
      .map(([tag, bits]) => fromHex(tag.toString(16) + bits.toString(16).padStart(16, '0'))),
  },
);
const messages = fc.array(tokens, { maxLength: 6 }).map((parts) => concat(...parts));

function resultOf(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): unknown {
  try {
    return read(bytes);
  } catch (error) {
    if (!(error instanceof MsgpackError)) throw error;
    return error.message;
  }
}

describe('the decoder', () => {
  test('gives the values, and finds the faults at the bytes, that the reference does', () => {
    fc.assert(
      fc.property(messages, (bytes) => {
        const expected = resultOf(referenceDecode, bytes);
        for (const read of [decode, decodeShared])
          expect(isDeepStrictEqual(resultOf(read, bytes), expected)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('shares memory with the message only when asked to', () => {
    const bytes = Buffer.from(encode([Uint8Array.of(1, 2, 3)]));
    const [own] = decode(bytes) as readonly Uint8Array[];
    const [shared] = decodeShared(bytes) as readonly Uint8Array[];
    expect([own, shared]).toStrictEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
    bytes.fill(9);
    expect([own, shared]).toStrictEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(9, 9, 9)]);
  });
});

describe('encoding and decoding', () => {
  test('give back every value', () => {
    fc.assert(
      fc.property(value, (one) => {
        // Not `toStrictEqual`, which takes a member called `constructor` for the class.
        expect(isDeepStrictEqual(decode(encode(one)), one)).toBe(true);
        expect(isDeepStrictEqual(decode(encodeCanonical(one)), one)).toBe(true);
      }),
    );
  });

  test('agree with another decoder', () => {
    const other = new Unpackr({ useRecords: false, int64AsType: 'number' });
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (one) => {
        fc.pre(!JSON.stringify(one).includes('__proto__'));
        expect(other.unpack(encode(one))).toEqual(decode(encode(one)));
      }),
    );
  });

  test('do not hang on, or fail otherwise than by refusing, any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void outcome(bytes)),
      {
        numRuns: 2000,
      },
    );
  });

  test('nor on a good message that was altered', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean());
    fc.assert(
      fc.property(value, fc.array(change, { minLength: 1, maxLength: 4 }), (one, changes) => {
        const bytes = changes.reduce((sofar, [at, byte, insert]) => {
          const place = at % sofar.length;
          const rest = sofar.subarray(insert ? place : place + 1);
          return concat(sofar.subarray(0, place), Uint8Array.of(byte), rest);
        }, encode(one));
        outcome(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test('every message that was cut short is refused', () => {
    fc.assert(
      fc.property(value, fc.nat(), (one, at) => {
        const bytes = encode(one);
        expect(outcome(bytes.subarray(0, at % bytes.length))).toBe('refused');
      }),
    );
  });
});

describe('encoding', () => {
  test('gives an array of its own, which later calls leave alone', () => {
    const first = encode(['first', new Uint8Array(50).fill(1)]);
    const before = toHex(first);
    for (let i = 0; i < 2000; i++) encode(['later', new Uint8Array(50).fill(2)]);
    expect(toHex(first)).toBe(before);
    expect(first.byteOffset).toBe(0);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  test('copies the bytes it is given', () => {
    const given = Uint8Array.of(1, 2, 3);
    const bytes = encode(given);
    given.fill(9);
    expect(decode(bytes)).toStrictEqual(Uint8Array.of(1, 2, 3));
  });

  test('goes on after a value that it could not encode', () => {
    expect(() => encode({ good: 'x'.repeat(9000), bad: undefined, worse: [undefined] })).toThrow();
    expect(toHex(encode({ a: 1 }))).toBe('81a16101');
  });

  test('leaves out members that are undefined, at every depth', () => {
    const given = { a: undefined, b: { c: undefined, d: [{ e: undefined, f: null }] } };
    expect(decode(encode(given))).toStrictEqual({ b: { d: [{ f: null }] } });
    expect(decode(encodeCanonical(given))).toStrictEqual({ b: { d: [{ f: null }] } });
  });

  test('writes a bigint as eight bytes and a number of up to 32 bits in as few as it can', () => {
    expect(toHex(encode(integer(5)))).toBe('d30000000000000005');
    expect(toHex(encode(integer(-5)))).toBe('d3fffffffffffffffb');
    const written = [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, -1, -32, -33, -129];
    expect(written.map((one) => toHex(encode(one)))).toStrictEqual([
      ...['00', '7f', 'cc80', 'ccff', 'cd0100', 'cdffff', 'ce00010000', 'ceffffffff'],
      ...['ff', 'e0', 'd0df', 'd1ff7f'],
    ]);
  });

  test('writes lengths in as few bytes as it can', () => {
    const heads = [31, 32, 255, 256, 65_535, 65_536].map((length) => [
      toHex(encode('x'.repeat(length)).subarray(0, 5)),
      toHex(encode(new Uint8Array(length)).subarray(0, 5)),
    ]);
    expect(heads).toStrictEqual([
      ['bf78787878', 'c41f000000'],
      ['d920787878', 'c420000000'],
      ['d9ff787878', 'c4ff000000'],
      ['da01007878', 'c501000000'],
      ['daffff7878', 'c5ffff0000'],
      ['db00010000', 'c600010000'],
    ]);
  });
});

describe('canonical encoding', () => {
  test('orders members by UTF-16 unit, digits among them', () => {
    const bytes = encodeCanonical({ b: 1, a: 2, 10: 3, 9: 4, '': 5, é: 6 });
    expect(toHex(bytes)).toBe('86a005a2313003a13904a16102a16201a2c3a906');
  });

  test('is the same whatever the order of members was', () => {
    const members = fc.uniqueArray(fc.tuple(key, value), {
      maxLength: 6,
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(members, (list) => {
        fc.pre(list.every(([name]) => name !== '__proto__'));
        const forth = encodeCanonical(Object.fromEntries(list));
        expect(encodeCanonical(Object.fromEntries(list.toReversed()))).toStrictEqual(forth);
      }),
    );
  });
});

describe('decoding', () => {
  test.each([
    ['nothing', ''],
    ['trailing bytes', 'c0c0'],
    ['a key that stands twice', '82a16101a16102'],
    ['a key that stands twice, in two encodings', '82a16101d9016102'],
    ['a key that is a number', '810101'],
    ['a key that is binary', '81c4016101'],
    ['a key that is a map', '818001'],
    ['the key __proto__', '81a95f5f70726f746f5f5f01'],
    ['the type that is never used', 'c1'],
    ['an extension of fixed size', 'd40000'],
    ['a time stamp', 'd6ff00000000'],
    ['an extension of another size', 'c7010000'],
    ['an integer of 2^53', 'cf0020000000000000'],
    ['the greatest integer', 'cfffffffffffffffff'],
    ['a negative integer of 2^53', 'd3ffe0000000000000'],
    ['the least integer', 'd38000000000000000'],
    ['a float that is no number', 'cb7ff8000000000000'],
    ['an infinite float', 'ca7f800000'],
    ['text that ends within a letter', 'a1c3'],
    ['text with an overlong letter', 'a2c080'],
    ['text with half a surrogate pair', 'a3eda080'],
    ['text with a byte that starts nothing', 'a180'],
    ['a text longer than the message', 'dbffffffff61'],
    ['a binary longer than the message', 'c6ffffffff00'],
    ['an array longer than the message', 'ddffffffff00'],
    ['a map longer than the message', 'dfffffffffa16100'],
    ['a map with a key and no value', '81a161'],
  ])('refuses %s', (_, hex) => {
    expect(() => decode(fromHex(hex))).toThrow(MsgpackError);
  });

  test.each([
    ['the greatest integer it takes', 'cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['the least integer it takes', 'd3ffe0000000000001', Number.MIN_SAFE_INTEGER],
    ['an integer in more bytes than it needs', 'cf0000000000000001', 1],
    ['a negative integer of each width', '94ffd0ffd1ffffd2ffffffff', [-1, -1, -1, -1]],
    ['a float of four bytes', 'ca3fc00000', 1.5],
    ['negative zero as zero', 'cb8000000000000000', 0],
    ['a byte order mark', 'a3efbbbf', '\ufeff'],
    ['a member named constructor', '81ab636f6e7374727563746f7201', { constructor: 1 }],
  ])('takes %s', (_, hex, expected) => {
    expect(decode(fromHex(hex))).toStrictEqual(expected);
  });

  test('takes what is nested 32 deep and no deeper, or less where it is told so', () => {
    const nested = (levels: number) => fromHex(`${'91'.repeat(levels)}c0`);
    expect(() => decode(nested(32))).not.toThrow();
    expect(() => decode(nested(33))).toThrow('nested too deep');
    expect(() => decode(nested(3), 3)).not.toThrow();
    expect(() => decode(nested(4), 3)).toThrow('nested too deep');
    expect(() => decode(fromHex('91'.repeat(100_000)))).toThrow('nested too deep');
  });

  test('copies binary out of the message, also when that is a pooled Buffer', () => {
    const message = Buffer.from(encode([Uint8Array.of(1, 2, 3)]));
    const [part] = decode(message) as [Uint8Array];
    message.fill(0);
    expect(part).toStrictEqual(Uint8Array.of(1, 2, 3));
    expect(part.buffer.byteLength).toBe(3);
  });

  test('says where the fault is and repeats nothing of the message', () => {
    const secret = utf8('secret');
    const bytes = concat(fromHex('82a6'), secret, fromHex('01a6'), secret, fromHex('02'));
    const fault = expect.objectContaining({ message: 'map key stands twice at byte 9', offset: 9 });
    expect(() => decode(bytes)).toThrow(fault);
  });

  test('goes on after text that was not UTF-8', () => {
    const long = `d93c${'41'.repeat(59)}`;
    expect(() => decode(fromHex(`${long}c3`))).toThrow(MsgpackError);
    expect(decode(fromHex(`${long}42`))).toBe(`${'A'.repeat(59)}B`);
  });
});
