import { toHex } from './bytes.ts';

/*
 * The points of Ed25519 whose order divides 8, by their y coordinate, with the two that have a second
 * encoding. Under such a key one signature fits many messages, so that it is evidence of nothing
 * (RFC 8032 leaves the check to the application; node:crypto does not make it).
 */
const smallOrder: ReadonlySet<string> = new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/**
 * Whether an Ed25519 public key is one of the few points of small order, in any encoding.
 * @param publicKey - 32 bytes
 */
export function isSmallOrder(publicKey: Uint8Array): boolean {
  const y = new Uint8Array(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return smallOrder.has(toHex(y));
}
