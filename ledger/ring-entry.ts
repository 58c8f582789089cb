import { randomBytes } from 'node:crypto';
import { concat, u64, utf8 } from '../wire/bytes.ts';
import { open, seal } from '../wire/crypto.ts';
import { decode, encode, integer, MsgpackError, type MsgpackValue } from '../wire/msgpack.ts';
import { LedgerError } from './errors.ts';

/** Version of the ring's entries and of its recipe. */
export const entryVersion = 1;

const wrapDomain = utf8('cambium/ring/entry/v1\0');

/** One unwrapped key of a ring. */
export type RingEntry = {
  /** Which change of the ring made it. */
  readonly generation: number;
  /** As it is kept: `[v, generation, nonce, box]`. */
  readonly stored: Uint8Array;
  readonly secret: Uint8Array;
};

/** Wraps `secret` as the entry `name` of the ring of one ledger. */
export function wrapEntry(
  name: string,
  generation: number,
  secret: Uint8Array,
  ledgerId: Uint8Array,
  wrapKey: Uint8Array,
): RingEntry {
  const nonce = new Uint8Array(randomBytes(24));
  const box = seal(wrapKey, nonce, additionalData(ledgerId, name, generation), secret);
  return { generation, stored: encode([entryVersion, integer(generation), nonce, box]), secret };
}

/**
 * Unwraps all entries of a ring, or none: then what was unwrapped is overwritten, and the key too.
 * @throws LedgerError RING_LOCKED when the key opens no entry; RING_MALFORMED when it opens some, or
 * when one is not an entry at all
 */
export function unwrapEntries(
  stored: ReadonlyMap<string, Uint8Array>,
  ledgerId: Uint8Array,
  wrapKey: Uint8Array,
): Map<string, RingEntry> {
  const entries = new Map<string, RingEntry>();
  const shut: string[] = [];
  try {
    for (const [name, bytes] of stored) {
      const entry = unwrapEntry(name, bytes, ledgerId, wrapKey);
      if (entry === undefined) shut.push(name);
      else entries.set(name, entry);
    }
    if (entries.size === 0)
      throw new LedgerError('RING_LOCKED', 'the passphrase or the sealer is not the right one');
    // The root is right, since it opens the others.
    if (shut.length > 0)
      throw new LedgerError('RING_MALFORMED', `entry ${shut[0]} is not what was kept`);
    return entries;
  } catch (error) {
    for (const { secret } of entries.values()) secret.fill(0);
    wrapKey.fill(0);
    throw error;
  }
}

/**
 * Unwraps a stored entry, whose bytes are attacker-controlled.
 * @returns `undefined` when it is not an entry of this name, ledger and key
 * @throws LedgerError RING_MALFORMED
 */
function unwrapEntry(
  name: string,
  stored: Uint8Array,
  ledgerId: Uint8Array,
  wrapKey: Uint8Array,
): RingEntry | undefined {
  const [version, generation, nonce, box] = ringParts(stored, 4);
  if (version !== entryVersion || typeof generation !== 'number')
    throw new LedgerError('RING_MALFORMED', `entry ${name}: version or generation`);
  if (!Number.isSafeInteger(generation) || generation < 1)
    throw new LedgerError('RING_MALFORMED', `entry ${name}: generation`);
  if (!(nonce instanceof Uint8Array) || nonce.length !== 24 || !(box instanceof Uint8Array))
    throw new LedgerError('RING_MALFORMED', `entry ${name}: nonce or box`);
  const secret = open(wrapKey, nonce, additionalData(ledgerId, name, generation), box);
  return secret === undefined ? undefined : { generation, stored, secret };
}

/**
 * The parts of anything that a ring keeps.
 * @throws LedgerError RING_MALFORMED
 */
export function ringParts(bytes: Uint8Array, count: number): readonly MsgpackValue[] {
  try {
    const value = decode(bytes);
    if (Array.isArray(value) && value.length === count) return value as readonly MsgpackValue[];
  } catch (error) {
    if (!(error instanceof MsgpackError)) throw error;
  }
  throw new LedgerError('RING_MALFORMED', `an entry is not ${count} parts`);
}

function additionalData(ledgerId: Uint8Array, name: string, generation: number): Uint8Array {
  return concat(wrapDomain, ledgerId, u64(generation), utf8(name));
}
