import { expect, it } from 'vitest';
import { toHex } from '../wire/bytes.ts';
import { randomNonce } from './random-nonce.ts';

it('gives 24 bytes that it never gives again, and that stay as they are', () => {
  const nonces = Array.from({ length: 1000 }, randomNonce);
  const [first] = nonces;
  const told = first && toHex(first);
  expect(new Set(nonces.map(toHex)).size).toBe(1000);
  expect(nonces.every(({ length }) => length === 24)).toBe(true);
  for (let more = 0; more < 1000; more++) randomNonce();
  expect(first && toHex(first)).toBe(told);
});

it('gives bytes that look random in every place', () => {
  const nonces = Array.from({ length: 500 }, randomNonce);
  for (let at = 0; at < 24; at++)
    expect(new Set(nonces.map((nonce) => nonce[at])).size).toBeGreaterThan(150);
});
