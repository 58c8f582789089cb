/*
 * Identifiers go into subjects, so none may hold a dot, a star, white space or `>`.
 * Randomness and time are passed in.
 */

import { toBase32 } from './base32.ts';

const identifier = /^[a-z2-7]{26}$/;
const party = /^A[A-Z2-7]{55}$/;
const eventType = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,4}$/;

/** Vault and connection ids: 26 characters of RFC 4648 base32, lower case, from 16 random bytes. */
export function identifierFrom(random: Uint8Array): string {
  if (random.length !== 16) throw new RangeError('16 random bytes are needed');
  return toBase32(random).toLowerCase();
}

/** Whether `text` has the form of what `identifierFrom` makes. */
export function isIdentifier(text: string): boolean {
  return identifier.test(text);
}

/** Whether `text` is a party: the public key of a NATS account. */
export function isParty(text: string): boolean {
  return party.test(text);
}

/** Whether `text` is a dotted event type, for example `data.request`. */
export function isEventType(text: string): boolean {
  return text.length <= 64 && eventType.test(text);
}

/** Form of a contract id. */
export const contractIdPattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';
/** Greatest version of a contract. */
export const contractVersionMax = 1_000_000;
const contractId = new RegExp(contractIdPattern);

/** Whether `text` can be the id of a contract. */
export function isContractId(text: string): boolean {
  return contractId.test(text);
}

/**
 * A UUIDv7 (RFC 9562 §5.7).
 * @param timeMs - Unix time in milliseconds
 * @param random - 10 bytes
 */
export function eventId(timeMs: number, random: Uint8Array): string {
  if (random.length !== 10) throw new RangeError('10 random bytes are needed');
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(timeMs, 0, 6);
  bytes.set(random, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Whether `text` is a UUIDv7 in its usual form. */
export function isEventId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);
}
