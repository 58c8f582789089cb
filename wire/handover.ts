import { equalBytes, fromBase64url, toBase64url } from './bytes.ts';
import { type Signer, verifySignature } from './crypto.ts';
import { type Parsed, refuse } from './event.ts';
import { objectSchema, schemaFault } from './json-schema.ts';
import { isEncapsulationKey, keyId } from './key-encapsulation.ts';
import type { JsonSchema } from './manifest.ts';
import { encode } from './msgpack.ts';

/*
 * How a vault's keys follow one another, said so that whoever knows the ones before can take the next without trusting
 * who brings them. No handover names a record: the index would tell how busy the vault is.
 */

/** Which of a vault's keys others hold. */
export const handoverPurposes = ['signing', 'encapsulation', 'ledger'] as const;
export type HandoverPurpose = (typeof handoverPurposes)[number];

/** One key takes over from another. Members are base64url. */
export type Handover = {
  readonly purpose: HandoverPurpose;
  /** Id of the key that ends (16 bytes). */
  readonly from: string;
  /** Public key that takes over: 32 bytes, or 1,216 for `encapsulation`. */
  readonly to: string;
  /** Signature by the key that ends; for `encapsulation`, which cannot sign, by the signing key in force. */
  readonly by_old: string;
  /** Signature by the key that takes over; none for `encapsulation`. */
  readonly by_new?: string;
};

/** A vault's public keys, as one of its peers knows them. */
export type KnownKeys = {
  readonly [purpose in HandoverPurpose]: Uint8Array;
};

/** How a peer names the vault's keys that it knows: ids of 16 bytes, base64url. */
export type KnownKeyIds = { readonly [purpose in HandoverPurpose]: string };

const domain = 'cambium/handover/v1';
/** Handovers in one message, at most. */
export const handoversMax = 20;

const base64url = (length: number): JsonSchema => ({
  type: 'string',
  pattern: `^[A-Za-z0-9_-]{${length}}$`,
});

/** A handover as it travels. */
export const handoverSchema: JsonSchema = objectSchema(
  {
    purpose: { enum: handoverPurposes },
    from: base64url(22),
    to: { type: 'string', pattern: '^(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{1622})$' },
    by_old: base64url(86),
    by_new: base64url(86),
  },
  ['by_new'],
);
/** Several, in their order. */
export const handoversSchema: JsonSchema = {
  type: 'array',
  maxItems: handoversMax,
  items: handoverSchema,
};
/** The ids by which a peer says what it knows. */
export const knownKeyIdsSchema: JsonSchema = objectSchema({
  signing: base64url(22),
  encapsulation: base64url(22),
  ledger: base64url(22),
});

/**
 * Signs that `to` takes over.
 * @param signers - `old`: the key that ends, or the signing key in force where that cannot sign; `new`: the next one
 * @param keys - public keys: 32 bytes, or 1,216
 */
export function signHandover(
  vault: string,
  purpose: HandoverPurpose,
  keys: { readonly from: Uint8Array; readonly to: Uint8Array },
  signers: { readonly old: Signer; readonly new?: Signer },
): Handover {
  const from = keyId(keys.from);
  const message = handoverMessage(vault, purpose, from, keys.to);
  const byNew = signers.new?.sign(domain, message);
  return {
    purpose,
    from: toBase64url(from),
    to: toBase64url(keys.to),
    by_old: toBase64url(signers.old.sign(domain, message)),
    ...(byNew === undefined ? {} : { by_new: toBase64url(byNew) }),
  };
}

/**
 * The keys that handovers lead to, from those that are known. One whose key is not the one known now is passed over: it
 * leads to a key that came before. All of them are taken or none.
 * @param value - attacker-controlled
 */
export function followHandovers(
  vault: string,
  known: KnownKeys,
  value: unknown,
): Parsed<KnownKeys> {
  const fault = schemaFault(handoversSchema, value);
  if (fault !== undefined) return refuse('schema_invalid', fault);
  let keys = known;
  for (const handover of value as Handover[]) {
    const next = follow(vault, keys, handover);
    if (!next.ok) return next;
    keys = next.value;
  }
  return { ok: true, value: keys };
}

/** How a peer names the keys that it knows. */
export function knownKeyIds(known: KnownKeys): KnownKeyIds {
  const id = (key: Uint8Array): string => toBase64url(keyId(key));
  return {
    signing: id(known.signing),
    encapsulation: id(known.encapsulation),
    ledger: id(known.ledger),
  };
}

function follow(vault: string, keys: KnownKeys, handover: Handover): Parsed<KnownKeys> {
  const { purpose } = handover;
  const parts = bytesOf(handover);
  if (parts === undefined) return refuse('malformed', 'a handover is not base64url');
  const { from, to, byOld, byNew } = parts;
  if (!equalBytes(from, keyId(keys[purpose]))) return { ok: true, value: keys };
  const encapsulates = purpose === 'encapsulation';
  const inForm = encapsulates ? isEncapsulationKey(to) : to.length === 32;
  if (!inForm || encapsulates !== (byNew === undefined))
    return refuse('malformed', `a handover of ${purpose} has another form`);
  const message = handoverMessage(vault, purpose, from, to);
  const old = encapsulates ? keys.signing : keys[purpose];
  const isSigned =
    verifySignature(old, domain, message, byOld) &&
    (byNew === undefined || verifySignature(to, domain, message, byNew));
  return isSigned
    ? { ok: true, value: { ...keys, [purpose]: to } }
    : refuse('signature_invalid', `the handover of ${purpose} is not signed by both sides`);
}

function bytesOf({ from, to, by_old, by_new }: Handover) {
  try {
    return {
      from: fromBase64url(from),
      to: fromBase64url(to),
      byOld: fromBase64url(by_old),
      byNew: by_new === undefined ? undefined : fromBase64url(by_new),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function handoverMessage(
  vault: string,
  purpose: HandoverPurpose,
  from: Uint8Array,
  to: Uint8Array,
): Uint8Array {
  return encode([vault, purpose, from, to]);
}
