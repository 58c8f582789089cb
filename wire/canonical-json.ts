import canonicalize from 'canonicalize';
import { utf8 } from './bytes.ts';

/**
 * Canonical form of a JSON value (RFC 8785), in UTF-8: what is signed and hashed.
 * @throws Error when it is no JSON
 */
export function canonicalBytes(value: unknown): Uint8Array {
  const json = canonicalize(value);
  if (json === undefined) throw new Error('not JSON');
  return utf8(json);
}
