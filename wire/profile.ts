import { fromBase64url, toBase64url } from './bytes.ts';
import { canonicalBytes } from './canonical-json.ts';
import { type Signer, verifySignature } from './crypto.ts';
import { type Parsed, refuse } from './event.ts';
import { objectSchema, schemaFault } from './json-schema.ts';
import { isEncapsulationKey } from './key-encapsulation.ts';
import type { DeliveryClass, JsonSchema, Permission } from './manifest.ts';

/** One event type that a vault serves, as its profile shows it. */
export type ServedType = {
  readonly type: string;
  readonly delivery: DeliveryClass;
  /** What a contract must permit for it, where it needs anything. */
  readonly permission?: Permission;
  readonly request: JsonSchema;
  readonly response: JsonSchema;
};

/** What a vault shows of itself to those who have an invite or a connection. Keys are base64url. */
export type Profile = {
  readonly v: 1;
  readonly vault: string;
  /** What its owner lets it be called; maybe nothing. */
  readonly name: string;
  /** The keys that an invite has; `signing` is the one that has signed this. */
  readonly signing: string;
  readonly encapsulation: string;
  readonly ledger: { readonly id: string; readonly key: string };
  /** Versions of the formats that it takes. */
  readonly wire: {
    readonly event: readonly number[];
    readonly envelope: readonly number[];
    readonly suites: readonly number[];
  };
  readonly types: readonly ServedType[];
  /** When it was signed, Unix time in milliseconds. */
  readonly time: number;
};

/** A profile, and the signature of the key in it over its canonical form (RFC 8785), base64url. */
export type SignedProfile = { readonly profile: Profile; readonly signature: string };

const domain = 'cambium/profile/v1';
/** Longest signed profile, in bytes of JSON. */
export const profileBytesMax: number = 256 * 1024;
/** A profile is signed when it is asked for: one that is older than this when it comes was kept by somebody. */
export const profileAgeMaxMs: number = 24 * 60 * 60 * 1000;
/** Longest name, in characters. */
export const profileNameMax = 80;

const key32: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' };
const versions: JsonSchema = {
  type: 'array',
  items: { type: 'integer', minimum: 1 },
  minItems: 1,
  maxItems: 16,
};

/** Form of a signed profile. */
export const signedProfileSchema: JsonSchema = objectSchema({
  profile: objectSchema({
    v: { const: 1 },
    vault: { type: 'string', pattern: '^[a-z2-7]{26}$' },
    name: { type: 'string', maxLength: profileNameMax },
    signing: key32,
    encapsulation: { type: 'string', pattern: '^[A-Za-z0-9_-]{1622}$' },
    ledger: objectSchema({ id: { type: 'string', pattern: '^[0-9a-f]{32}$' }, key: key32 }),
    wire: objectSchema({ event: versions, envelope: versions, suites: versions }),
    types: {
      type: 'array',
      maxItems: 1024,
      items: objectSchema(
        {
          type: { type: 'string', maxLength: 64 },
          delivery: { enum: ['critical', 'best-effort'] },
          permission: { type: 'string', maxLength: 64 },
          request: { type: 'object' },
          response: { type: 'object' },
        },
        ['permission'],
      ),
    },
    time: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  }),
  signature: { type: 'string', pattern: '^[A-Za-z0-9_-]{86}$' },
});

/** Signs a profile. Requires that its `signing` is the signer's. */
export function signProfile(signer: Signer, profile: Profile): SignedProfile {
  const signature = signer.sign(domain, canonicalBytes(profile));
  return { profile, signature: toBase64url(signature) };
}

/** What a reader knows of a vault before it reads its profile. */
export type KnownVault = {
  readonly vault: string;
  /** The vault's signing key, 32 bytes: from an invite, a link, or a handover. */
  readonly signing: Uint8Array;
  /** Whatever was signed before this is an older profile, shown again: Unix time in milliseconds. */
  readonly since?: number;
};

/**
 * The profile in bytes from anywhere, if it is this vault's, signed with this key, and no older one.
 * @param bytes - attacker-controlled
 */
export function readProfile(bytes: Uint8Array, known: KnownVault): Parsed<Profile> {
  if (bytes.length > profileBytesMax) return refuse('too_large', `${bytes.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('malformed', 'a profile is JSON');
  }
  const fault = schemaFault(signedProfileSchema, value);
  if (fault !== undefined) return refuse('schema_invalid', fault);
  const { profile, signature } = value as SignedProfile;
  const { vault, signing, since = 0 } = known;
  if (profile.vault !== vault || profile.signing !== toBase64url(signing))
    return refuse('sender_subject_mismatch', 'the profile of another vault or key');
  if (!isSigned(profile, signature, signing))
    return refuse('signature_invalid', 'the profile is not signed by its key');
  if (profile.time < since) return refuse('expired', `signed at ${profile.time}`);
  return { ok: true, value: profile };
}

function isSigned(profile: Profile, signature: string, signing: Uint8Array): boolean {
  try {
    fromBase64url(profile.ledger.key);
    if (!isEncapsulationKey(fromBase64url(profile.encapsulation))) return false;
    const signed = canonicalBytes(profile);
    return verifySignature(signing, domain, signed, fromBase64url(signature));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
