import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pad, padBriefly, paddedBytes, unpad } from './padding.ts';

test('a padded message gives back the message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (message) => {
      const padded = pad(message);
      expect(padded).toHaveLength(paddedBytes(message.length));
      expect(unpad(padded)).toStrictEqual(message);
    }),
  );
});

test('what is padded briefly is the same, one after another, and is wiped even when its use fails', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 6000 }), { minLength: 2 }), (messages) => {
      for (const message of messages)
        expect(padBriefly(message, (padded) => new Uint8Array(padded))).toStrictEqual(pad(message));
    }),
  );
  let lent = new Uint8Array(0);
  const failing = (padded: Uint8Array): never => {
    lent = padded as Uint8Array<ArrayBuffer>;
    throw new Error('planted');
  };
  expect(() => padBriefly(Uint8Array.of(1, 2, 3), failing)).toThrow('planted');
  expect(lent).toStrictEqual(new Uint8Array(64));
});

test('a message of zeros, or that ends as padding does, is given back whole', () => {
  for (const message of [new Uint8Array(63), new Uint8Array(64), Uint8Array.of(0x80, 0, 0x80, 0)])
    expect(unpad(pad(message))).toStrictEqual(message);
});

test('lengths go in steps of 64 bytes up to 512, then of an eighth or less', () => {
  expect([0, 63, 64, 511, 512, 1022, 1023, 1024, 131_072].map(paddedBytes)).toStrictEqual([
    64, 64, 128, 512, 576, 1024, 1024, 1152, 147_456,
  ]);
  fc.assert(
    fc.property(fc.nat(1 << 20), (length) => {
      const padded = paddedBytes(length);
      expect(padded).toBeGreaterThan(length);
      expect(padded - length).toBeLessThanOrEqual(Math.max(64, length / 8 + 1));
    }),
  );
});

test.each([
  ['nothing', []],
  ['zeros alone', new Array<number>(64).fill(0)],
  ['another mark', [...new Array<number>(63).fill(0), 0x81]],
  ['a block too many', [0x80, ...new Array<number>(127).fill(0)]],
  ['less than a block', [1, 0x80]],
])('padding that holds %s is refused', (_, bytes) => {
  expect(unpad(Uint8Array.from(bytes))).toBeUndefined();
});
