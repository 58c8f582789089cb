import { fromBase64, toBase64 } from '../wire/bytes.ts';
import type { PlacedRotation } from './rotation.ts';

/** A change of a ledger's key in JSON: what `verifyRotation` needs. Bytes are base64. */
export type RotationJson = {
  readonly index: number;
  readonly head: string;
  readonly key: string;
  readonly by_old: string;
  readonly by_new: string;
};

/** The rotation as JSON. */
export function rotationToJson(rotation: PlacedRotation): RotationJson {
  const { index, head, publicKey, byOld, byNew } = rotation;
  return {
    index,
    head: toBase64(head),
    key: toBase64(publicKey),
    by_old: toBase64(byOld),
    by_new: toBase64(byNew),
  };
}

/**
 * The rotation that JSON of the right form says. Nothing of it is proved.
 * @throws RangeError when a member is not base64
 */
export function rotationFromJson(json: RotationJson): PlacedRotation {
  return {
    index: json.index,
    head: fromBase64(json.head),
    publicKey: fromBase64(json.key),
    byOld: fromBase64(json.by_old),
    byNew: fromBase64(json.by_new),
  };
}
