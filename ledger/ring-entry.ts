import { encode, integer } from '../wire/msgpack.ts';
import {
  halvesOf,
  headerParts,
  isBytes,
  malformed,
  openBox,
  type RingKeys,
  ringVersion,
  sealValue,
} from './ring-value.ts';

/** Name under which a ring's store keeps the entry of one generation. */
export function entryName(generation: number): string {
  return `entry.${generation}`;
}

/** Keys that came to a ring after its root, as their value in the store. */
export function sealEntry(
  generation: number,
  keys: RingKeys,
  { ledgerId, wrapKey, nonce }: { ledgerId: Uint8Array; wrapKey: Uint8Array; nonce: Uint8Array },
): Uint8Array {
  const header = encode([ringVersion, integer(generation), nonce]);
  return sealValue({ kind: 'entry', ledgerId, wrapKey, nonce }, header, keys);
}

/**
 * Opens the entry of one generation, whose bytes are attacker-controlled.
 * @throws LedgerError RING_MALFORMED
 */
export function openEntry(
  generation: number,
  bytes: Uint8Array,
  { ledgerId, wrapKey }: { ledgerId: Uint8Array; wrapKey: Uint8Array },
): RingKeys {
  const { header, box } = halvesOf(bytes);
  const [claimed, nonce] = headerParts(header, 2);
  if (claimed !== generation || !isBytes(nonce, 24))
    throw malformed(`header of entry ${generation}`);
  const keys = openBox({ kind: 'entry', ledgerId, wrapKey, nonce }, header, box);
  if (keys === undefined) throw malformed(`entry ${generation} is not what was kept`);
  return keys;
}
