import { fromBase64url, toBase64url } from './bytes.ts';
import { type Signer, verifySignature } from './crypto.ts';
import { objectSchema } from './json-schema.ts';
import { keyId } from './key-encapsulation.ts';
import type { JsonSchema } from './manifest.ts';
import { encode } from './msgpack.ts';

/** Payload of `connection.rekey`: a party's next keys. Members are base64url. */
export type Rekey = {
  /** Ed25519, 32 bytes. */
  readonly signing: string;
  /** MLKEM768-X25519, 1,216 bytes. */
  readonly encapsulation: string;
  /** Signature by the next signing key; the event itself is signed by the one before. */
  readonly proof: string;
};

const domain = 'cambium/rekey/v1';

/** The payload's form. */
export const rekeySchema: JsonSchema = objectSchema({
  signing: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
  encapsulation: { type: 'string', pattern: '^[A-Za-z0-9_-]{1622}$' },
  proof: { type: 'string', pattern: '^[A-Za-z0-9_-]{86}$' },
});

/** What the proof is about. */
export type RekeyPlace = {
  readonly vault: string;
  readonly connection: string;
  /** The signing key in force until now, 32 bytes. */
  readonly before: Uint8Array;
};

/** The payload with which a party hands over to its next keys. */
export function signRekey(place: RekeyPlace, next: Signer, encapsulation: Uint8Array): Rekey {
  const proof = next.sign(domain, rekeyMessage(place, next.publicKey, encapsulation));
  return {
    signing: toBase64url(next.publicKey),
    encapsulation: toBase64url(encapsulation),
    proof: toBase64url(proof),
  };
}

/** Whether the next signing key has signed that it takes over. Requires a payload that fits `rekeySchema`. */
export function isProven(place: RekeyPlace, { signing, encapsulation, proof }: Rekey): boolean {
  try {
    const [next, to] = [fromBase64url(signing), fromBase64url(encapsulation)];
    return verifySignature(next, domain, rekeyMessage(place, next, to), fromBase64url(proof));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function rekeyMessage(
  { vault, connection, before }: RekeyPlace,
  signing: Uint8Array,
  encapsulation: Uint8Array,
): Uint8Array {
  return encode([vault, connection, keyId(before), signing, encapsulation]);
}
