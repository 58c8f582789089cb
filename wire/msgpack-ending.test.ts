import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode, encodeEndingIn } from './msgpack.ts';

const item = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constant(null),
  fc.uint8Array(),
  fc.array(fc.string()),
);

describe('an array that ends in binary', () => {
  test('is encoded as one that is encoded whole, however the binary is divided', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 14 }), parts, (items, binary) => {
        const whole = encode([...items, Uint8Array.from(Buffer.concat(binary))]);
        expect(encodeEndingIn(items, binary)).toStrictEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test('has fifteen items at most', () => {
    expect(() => encodeEndingIn(new Array<number>(15).fill(0), [])).toThrow(TypeError);
  });
});
