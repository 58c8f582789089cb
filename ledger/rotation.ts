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
  /** 16 bytes. */
  readonly ledgerId: Uint8Array;
  /** Index of the first record that the new key signs. */
  readonly index: number;
  /** Chain head before that record, 32 bytes. */
  readonly head: Uint8Array;
};

/** Signs a change of keys. */
export function signRotation(by: Signer, to: Signer, place: RotationPlace): Rotation {
  const message = rotationMessage(place, by.publicKey, to.publicKey);
  return {
    publicKey: to.publicKey,
    byOld: by.sign(rotationDomain, message),
    byNew: to.sign(rotationDomain, message),
  };
}

/** Whether the key in force (32 bytes) and the new one have both signed this change. */
export function verifyRotation(rotation: Rotation, old: Uint8Array, place: RotationPlace): boolean {
  const { publicKey, byOld, byNew } = rotation;
  const message = rotationMessage(place, old, publicKey);
  return (
    verifySignature(old, rotationDomain, message, byOld) &&
    verifySignature(publicKey, rotationDomain, message, byNew)
  );
}

function rotationMessage(
  { ledgerId, index, head }: RotationPlace,
  old: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array {
  return concat(ledgerId, u64(index), head, old, publicKey);
}
