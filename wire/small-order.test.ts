import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import { fromHex } from './bytes.ts';
import { signerFrom } from './crypto.ts';
import { isSmallOrder } from './small-order.ts';

test('each of the eight points of the torsion subgroup has small order', () => {
  expect(ED25519_TORSION_SUBGROUP).toHaveLength(8);
  for (const point of ED25519_TORSION_SUBGROUP) expect(isSmallOrder(fromHex(point))).toBe(true);
});

test.each(['ed', 'ee'])('so has the encoding of 0 or 1 as a number above the prime: %s…', (low) => {
  for (const high of ['7f', 'ff'])
    expect(isSmallOrder(fromHex(`${low}${'ff'.repeat(30)}${high}`))).toBe(true);
});

test('no other encoding of a point of small order is left out', () => {
  // y may be encoded a second time only where y + p fits 255 bits, that is for y below 19.
  for (let y = 0; y < 19; y++) {
    const bytes = fromHex(`${(y + 0xed).toString(16)}${'ff'.repeat(30)}7f`);
    expect(isSmallOrder(bytes)).toBe(ed25519SmallOrder(bytes));
  }
});

test('an honest key has not', () => {
  for (let seed = 0; seed < 50; seed++)
    expect(isSmallOrder(signerFrom(new Uint8Array(32).fill(seed)).publicKey)).toBe(false);
});

function ed25519SmallOrder(bytes: Uint8Array): boolean {
  try {
    return ed25519.Point.fromBytes(bytes, true).isSmallOrder();
  } catch {
    return false;
  }
}
