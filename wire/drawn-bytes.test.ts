import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { concat, toHex } from './bytes.ts';
import { drawnBytes } from './drawn-bytes.ts';

it('gives bytes of each length that was asked for, none of them twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3072 }), { maxLength: 30 }), (counts) => {
      // Numbers instead of random bytes: every four of them are there once.
      let next = 0;
      const draw = drawnBytes((bytes) => {
        const view = new DataView(bytes.buffer);
        for (let at = 0; at < bytes.length; at += 4) view.setUint32(at, next++);
      });
      const given = counts.map((count) => draw(4 * Math.ceil(count / 4)));
      expect(given.map(({ length }) => length)).toEqual(counts.map((n) => 4 * Math.ceil(n / 4)));
      const all = concat(...given);
      const numbers = new Set<number>();
      const view = new DataView(all.buffer);
      for (let at = 0; at < all.length; at += 4) numbers.add(view.getUint32(at));
      expect(numbers.size).toBe(all.length / 4);
    }),
  );
});

it('gives arrays that stay as they are', () => {
  const draw = drawnBytes(randomFillSync);
  const first = draw(24);
  const told = toHex(first);
  for (let more = 0; more < 1000; more++) expect(draw(24)).not.toEqual(first);
  expect(toHex(first)).toBe(told);
});

it('gives bytes that look random in every place', () => {
  const draw = drawnBytes(randomFillSync);
  const nonces = Array.from({ length: 500 }, () => draw(24));
  for (let at = 0; at < 24; at++)
    expect(new Set(nonces.map((nonce) => nonce[at])).size).toBeGreaterThan(150);
});

it('has no more to give at once than it draws', () => {
  expect(() => drawnBytes(randomFillSync)(3073)).toThrow(RangeError);
});
