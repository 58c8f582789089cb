import { randomBytes } from 'node:crypto';
import { type Signer, signerFrom } from '../../wire/crypto.ts';

/** Prime of ML-KEM's coefficients (FIPS 203 §2.4). */
const modulus = 3329;
/** Order of Ed25519's group (RFC 8032 §5.1). */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/** An Ed25519 key that nobody has heard of. */
export function strangersKey(): Signer {
  return signerFrom(new Uint8Array(randomBytes(32)));
}

/** The neutral point of Ed25519, encoded: a key of order 1. */
export const smallOrderKey: Uint8Array = Uint8Array.of(1, ...new Uint8Array(31));

/** R is the neutral point and S is zero: under `smallOrderKey` it fits every message. */
export const smallOrderSignature: Uint8Array = Uint8Array.of(1, ...new Uint8Array(63));

/** The same signature with S + L in the place of S, which fits the same equation. */
export function withLargeS(signature: Uint8Array): Uint8Array {
  let s = groupOrder;
  for (let at = 63; at >= 32; at--) s += BigInt(signature[at] ?? 0) << BigInt(8 * (at - 32));
  const out = new Uint8Array(signature);
  for (let at = 32; at < 64; at++) out[at] = Number((s >> BigInt(8 * (at - 32))) & 0xffn);
  return out;
}

/**
 * An MLKEM768-X25519 public key with one coefficient raised by the modulus, the first that stays below
 * 4,096: the same key to whoever reduces it, and another one to whoever hashes it.
 */
export function unreduced(publicKey: Uint8Array): Uint8Array {
  const out = new Uint8Array(publicKey);
  for (let at = 0; at < 1152; at += 3) {
    const [low = 0, middle = 0] = out.subarray(at, at + 2);
    const raised = (low | ((middle & 0x0f) << 8)) + modulus;
    if (raised >= 4096) continue;
    out[at] = raised & 0xff;
    out[at + 1] = (middle & 0xf0) | (raised >> 8);
    return out;
  }
  throw new Error('no coefficient of this key can be raised');
}

/** The same bytes in base64url that is not their one form: 86 characters have four bits to spare. */
export function withUnusedBit(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(text.at(-1) ?? '');
  return text.slice(0, -1) + (alphabet[last + 1] ?? '');
}
