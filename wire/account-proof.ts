import { concat, fromBase64url, toBase64url, utf8 } from './bytes.ts';
import { type Signer, verifySignature } from './crypto.ts';
import { isEventId, isIdentifier } from './identifiers.ts';
import { objectSchema } from './json-schema.ts';
import type { JsonSchema } from './manifest.ts';
import { accountKeyOf, accountName } from './nkey.ts';

/** Domain of the signature. */
const domain = 'cambium/account/v1';

/** What an account's key signs about: one request to connect, and who makes it. */
export type AccountUse = {
  readonly vault: string;
  readonly connection: string;
  /** Id of the request's event. */
  readonly event: string;
  /** Ed25519 key that signs the request, 32 bytes. */
  readonly signing: Uint8Array;
};

/** How a request to connect names an account of the service's own, and proves that it is. */
export type AccountProof = {
  /** Public key of the account: the party that it will be. */
  readonly key: string;
  /** Its Ed25519 signature about the request, base64url. */
  readonly signature: string;
};

/** A proof as JSON. Whether it is one, the account's key says. */
export const accountProofSchema: JsonSchema = objectSchema({
  key: { type: 'string', pattern: '^A[A-Z2-7]{55}$' },
  signature: { type: 'string', pattern: '^[A-Za-z0-9_-]{86}$' },
});

/**
 * Says that the account of this key is to be used by one request.
 * @throws RangeError when a part of the use is not in form
 */
export function proveAccount(account: Signer, use: AccountUse): AccountProof {
  const signature = account.sign(domain, useBytes(use));
  return { key: accountName(account.publicKey), signature: toBase64url(signature) };
}

/** What is wrong with a proof, or `undefined`: attacker-controlled, all of it. */
export function accountFault(
  { key, signature }: AccountProof,
  use: AccountUse,
): 'malformed' | 'signature_invalid' | undefined {
  const publicKey = accountKeyOf(key);
  if (publicKey === undefined) return 'malformed';
  try {
    const good = verifySignature(publicKey, domain, useBytes(use), fromBase64url(signature));
    return good ? undefined : 'signature_invalid';
  } catch {
    return 'malformed';
  }
}

/** Every part has one length, so that no two uses have the same bytes. */
function useBytes({ vault, connection, event, signing }: AccountUse): Uint8Array {
  if (!isIdentifier(vault) || !isIdentifier(connection) || !isEventId(event))
    throw new RangeError('not ids of a vault, a connection and an event');
  if (signing.length !== 32) throw new RangeError('32 bytes of key are needed');
  return concat(utf8(vault + connection + event), signing);
}
