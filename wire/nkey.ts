/*
 * Keys of NATS as text: RFC 4648 base32 in capitals, without padding, of a prefix, 32 bytes, and CRC-16/XMODEM over
 * both, low byte first. The name of a party is the public key of a NATS account: one byte of prefix.
 */

import { fromBase32, toBase32 } from './base32.ts';
import { concat, toBase64url } from './bytes.ts';
import { signerFrom } from './crypto.ts';

const accountPrefix = 0x00;
/** Upper five bits of a seed's first byte; whose it is stands in the eight bits after them. */
const seedPrefix = 0x90;

/**
 * The Ed25519 key in the name of a party, 32 bytes; `undefined` when it names none. Attacker-controlled.
 */
export function accountKeyOf(party: string): Uint8Array | undefined {
  if (!/^A[A-Z2-7]{55}$/.test(party)) return undefined;
  const body = bodyOf(party);
  return body?.[0] === accountPrefix ? body.slice(1) : undefined;
}

/** The name of the party whose account has this Ed25519 key, 32 bytes. */
export function accountName(publicKey: Uint8Array): string {
  return textOf(Uint8Array.of(accountPrefix), publicKey);
}

/** A key of NATS that can sign. */
export type Nkey = {
  /** Its public key as text: `A…` of an account, `O…` of an operator, `U…` of a user. */
  readonly name: string;
  /** 64 bytes of Ed25519 over the UTF-8 text. */
  sign(text: string): Uint8Array;
};

/**
 * The key of a seed (`S…`).
 * @throws RangeError when it is none
 */
export function nkeyFrom(seed: string): Nkey {
  const body = /^S[A-Z2-7]{57}$/.test(seed) ? bodyOf(seed) : undefined;
  const [first = 0, second = 0] = body ?? [];
  if (body === undefined || (first & 0xf8) !== seedPrefix || (second & 0x07) !== 0)
    throw new RangeError('not the seed of a NATS key');
  const { publicKey, signText } = signerFrom(body.slice(2));
  body.fill(0);
  const prefix = Uint8Array.of(((first & 0x07) << 5) | (second >>> 3));
  return { name: textOf(prefix, publicKey), sign: signText };
}

/**
 * How a client proves to a NATS server who it is: its key, and that key's signature over what the server asks it to sign.
 * @param nonce - the server's challenge; without one nothing is signed
 * @throws RangeError when the seed is none
 */
export function nkeyProof(
  seed: string,
  nonce: string | undefined,
): { readonly nkey: string; readonly sig: string } {
  const { name, sign } = nkeyFrom(seed);
  return { nkey: name, sig: nonce ? toBase64url(sign(nonce)) : '' };
}

function textOf(prefix: Uint8Array, bytes: Uint8Array): string {
  const body = concat(prefix, bytes);
  const crc = crc16(body);
  return toBase32(concat(body, Uint8Array.of(crc & 0xff, crc >>> 8)));
}

/** Prefix and bytes of a text in base32; `undefined` where the sum does not fit. */
function bodyOf(text: string): Uint8Array | undefined {
  const bytes = fromBase32(text);
  const [body, check] = [bytes.subarray(0, -2), bytes.subarray(-2)];
  const crc = crc16(body);
  return check[0] === (crc & 0xff) && check[1] === crc >>> 8 ? body : undefined;
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
