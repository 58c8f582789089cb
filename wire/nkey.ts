/*
 * The name of a party: the public key of a NATS account as text. RFC 4648 base32 in capitals, without
 * padding, of one byte of prefix, 32 bytes of Ed25519 key, and CRC-16/XMODEM over both, low byte first.
 */

import { fromBase32, toBase32 } from './base32.ts';
import { concat } from './bytes.ts';

const accountPrefix = 0x00;

/**
 * The Ed25519 key in the name of a party, 32 bytes; `undefined` when it names none. Attacker-controlled.
 */
export function accountKeyOf(party: string): Uint8Array | undefined {
  if (!/^A[A-Z2-7]{55}$/.test(party)) return undefined;
  const bytes = fromBase32(party);
  const [body, check] = [bytes.subarray(0, 33), bytes.subarray(33)];
  const crc = crc16(body);
  if (check[0] !== (crc & 0xff) || check[1] !== crc >>> 8) return undefined;
  return body[0] === accountPrefix ? body.slice(1) : undefined;
}

/** The name of the party whose account has this Ed25519 key, 32 bytes. */
export function accountName(publicKey: Uint8Array): string {
  const body = concat(Uint8Array.of(accountPrefix), publicKey);
  const crc = crc16(body);
  return toBase32(concat(body, Uint8Array.of(crc & 0xff, crc >>> 8)));
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
