import { concat, u64 } from '../wire/bytes.ts';
import { type Signer, verifySignature } from '../wire/crypto.ts';

const rotationDomain = 'cambium/ledger/rotation/v1';

/**
 * One key of a ledger hands over to the next: both have signed it, so that nobody can be given a key
 * that is not theirs, and whoever knows the first key can follow to the last.
 */
export type Rotation = {
  /** The new Ed25519 key, 32 bytes; it signs this commit and all that follow. */
  readonly publicKey: Uint8Array;
  /** 64 bytes each. */
  readonly byOld: Uint8Array;
  readonly byNew: Uint8Array;
};

/** Where in a ledger a key changes. */
export type RotationPlace = {
  /** Index of the first record that the new key signs. */
  readonly index: number;
  /** Chain head before that record, 32 bytes. */
  readonly head: Uint8Array;
};

/** A change of keys, where it stands: what whoever knows the old key needs to believe the new one. */
export type PlacedRotation = Rotation & RotationPlace;

/**
 * Signs a change of keys.
 * @param ledgerId - 16 bytes
 */
export function signRotation(
  by: Signer,
  to: Signer,
  ledgerId: Uint8Array,
  place: RotationPlace,
): PlacedRotation {
  const message = rotationMessage(ledgerId, place, by.publicKey, to.publicKey);
  return {
    ...place,
    publicKey: to.publicKey,
    byOld: by.sign(rotationDomain, message),
    byNew: to.sign(rotationDomain, message),
  };
}

/** Whether the key in force (32 bytes) and the new one have both signed this change of this ledger. */
export function verifyRotation(
  rotation: PlacedRotation,
  old: Uint8Array,
  ledgerId: Uint8Array,
): boolean {
  const { publicKey, byOld, byNew } = rotation;
  const message = rotationMessage(ledgerId, rotation, old, publicKey);
  return (
    verifySignature(old, rotationDomain, message, byOld) &&
    verifySignature(publicKey, rotationDomain, message, byNew)
  );
}

/**
 * Follows the keys of a ledger from its first one. The rotations are attacker-controlled.
 * @returns the last key (32 bytes); `undefined` when one is not signed, or they are out of order
 */
export function followRotations(
  ledgerId: Uint8Array,
  first: Uint8Array,
  rotations: readonly PlacedRotation[],
): Uint8Array | undefined {
  let key = first;
  let index = 0;
  for (const rotation of rotations) {
    if (rotation.index <= index || !verifyRotation(rotation, key, ledgerId)) return undefined;
    ({ index, publicKey: key } = rotation);
  }
  return key;
}

function rotationMessage(
  ledgerId: Uint8Array,
  { index, head }: RotationPlace,
  old: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array {
  return concat(ledgerId, u64(index), head, old, publicKey);
}
