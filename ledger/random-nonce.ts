import { randomFillSync } from 'node:crypto';

const nonceBytes = 24;
/** Drawn from the system at once: each draw costs as much as sealing a quarter of a record. */
const pool = new Uint8Array(nonceBytes * 128);
let used: number = pool.length;

/** 24 random bytes. No byte of the pool is given twice. */
export function randomNonce(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += nonceBytes;
  return pool.slice(used - nonceBytes, used);
}
