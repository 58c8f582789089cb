import type { AgentTerms } from './agent-terms.ts';
import { fromBase64url, toBase64url, toHex } from './bytes.ts';
import { canonicalBytes } from './canonical-json.ts';
import { type Signer, sha256, verifySignature } from './crypto.ts';
import { categoryPattern } from './entry.ts';
import { type Parsed, refuse } from './event.ts';
import { contractIdPattern, contractVersionMax } from './identifiers.ts';
import { objectSchema, schemaFault } from './json-schema.ts';
import type { JsonSchema, Permission } from './manifest.ts';

/** When a field may be had: see the table in docs/spec/contract.md. */
export type Tier = 'required' | 'optional' | 'on_demand' | 'consent';

/** How long a field may be had: `session`, `until_revoked` or an ISO 8601 duration such as `P30D`. */
export type Retention = string;

/** One field that a contract declares. */
export type ContractField = {
  /** `namespace/name`, for example `personal/shipping_address`. */
  readonly name: string;
  readonly tier: Tier;
  /** One word for why, for example `fulfilment`. */
  readonly purpose: string;
  readonly retention: Retention;
};

/** What a service asks for, and may do, once the owner has accepted it. */
export type Contract = {
  readonly v: 1;
  readonly id: string;
  /** Counts up from 1. */
  readonly version: number;
  /** Hash of the version before; absent for version 1. */
  readonly previous?: string;
  readonly service: { readonly id: string; readonly name: string };
  readonly title: string;
  readonly description: string;
  readonly terms?: string;
  readonly privacy?: string;
  /** Unix time in milliseconds. */
  readonly published: number;
  /** Unix time in milliseconds. */
  readonly expires?: number;
  readonly fields: readonly ContractField[];
  readonly permissions: Readonly<Record<Permission, boolean>>;
  readonly limits: {
    /** Tokens that come back in an hour. */
    readonly requests_per_hour: number;
    /** Tokens that may be saved up. */
    readonly burst: number;
    /** Messages to the owner in an hour; none where it is left out. */
    readonly notifications_per_hour?: number;
  };
  /** What may be stored; nothing where it is left out. */
  readonly storage?: {
    readonly categories: readonly string[];
    /** Of 1,000,000 bytes. */
    readonly megabytes: number;
  };
  /** Only in what a vault draws up of its owner's grant to an agent; a service's contract with it is refused. */
  readonly agent?: AgentTerms;
};

/** A contract as it is published: the exact document, and its service's signature over it. */
export type SignedContract = {
  readonly contract: Contract;
  /** The service's Ed25519 key, base64url. */
  readonly key: string;
  /** Over the contract's RFC 8785 form, base64url. */
  readonly signature: string;
};

/** A place in a contract (a JSON pointer), and what is wrong there, in words. */
export type Contradiction = { readonly where: string; readonly what: string };

const contractDomain = 'cambium/contract/v1';
/** Form of a field name. */
export const fieldNamePattern: string = '^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)+$';
/** Form of a purpose. */
export const purposePattern: string = '^[a-z][a-z0-9_]*$';

/** One line that an owner is shown: no control characters, nothing that turns its direction round. */
export const linePattern: string =
  '^[^\\p{Cc}\\p{Cs}\\u2028\\u2029\\u200e\\u200f\\u061c\\u202a-\\u202e\\u2066-\\u2069]*$';

const text = (maxLength: number): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  pattern: linePattern,
});
const flag: JsonSchema = { type: 'boolean' };
const time: JsonSchema = { type: 'integer', minimum: 0, maximum: 2 ** 48 - 1 };
const count: JsonSchema = { type: 'integer', minimum: 1, maximum: contractVersionMax };

/** Form of a retention. */
export const retentionPattern: string =
  '^(session|until_revoked|P(?=.)(\\d{1,4}D)?(T(?=.)(\\d{1,4}H)?(\\d{1,4}M)?)?)$';

const fieldSchema: JsonSchema = objectSchema({
  name: { type: 'string', maxLength: 128, pattern: fieldNamePattern },
  tier: { enum: ['required', 'optional', 'on_demand', 'consent'] },
  purpose: { type: 'string', maxLength: 64, pattern: purposePattern },
  retention: { type: 'string', pattern: retentionPattern },
});

/** JSON Schema of a contract; unknown parts are refused, never ignored. */
export const contractSchema: JsonSchema = objectSchema(
  {
    v: { const: 1 },
    id: { type: 'string', pattern: contractIdPattern },
    version: count,
    previous: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    service: objectSchema({ id: text(128), name: text(128) }),
    title: text(200),
    description: text(2000),
    terms: text(500),
    privacy: text(500),
    published: time,
    expires: time,
    fields: { type: 'array', maxItems: 200, items: fieldSchema },
    permissions: objectSchema({
      store: flag,
      messages: flag,
      authentication: flag,
      payment: flag,
      signatures: flag,
      identity: flag,
      location: flag,
    }),
    limits: objectSchema(
      { requests_per_hour: count, burst: count, notifications_per_hour: count },
      ['notifications_per_hour'],
    ),
    storage: objectSchema({
      categories: {
        type: 'array',
        minItems: 1,
        maxItems: 32,
        uniqueItems: true,
        items: { type: 'string', pattern: categoryPattern },
      },
      megabytes: count,
    }),
  },
  ['previous', 'terms', 'privacy', 'expires', 'storage'],
);

/** JSON Schema of a signed contract. */
export const signedContractSchema: JsonSchema = objectSchema({
  contract: contractSchema,
  key: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
  signature: { type: 'string', pattern: '^[A-Za-z0-9_-]{86}$' },
});

/** Hash that requests name a contract by: SHA-256 of its RFC 8785 form, hex. */
export function contractHash(contract: Contract): string {
  return toHex(sha256(canonicalBytes(contract)));
}

/** Publishes a contract under the service's key. */
export function signContract(signer: Signer, contract: Contract): SignedContract {
  return {
    contract,
    key: toBase64url(signer.publicKey),
    signature: toBase64url(signer.sign(contractDomain, canonicalBytes(contract))),
  };
}

/** The contract in an attacker-controlled document: in form, without contradiction and signed. */
export function parseContract(document: unknown): Parsed<SignedContract> {
  const fault = schemaFault(signedContractSchema, document);
  if (fault !== undefined) return refuse('schema_invalid', fault);
  const signed = document as SignedContract;
  const [contradiction] = contradictionsIn(signed.contract);
  if (contradiction !== undefined) return refuse('schema_invalid', contradiction.what);
  return validSignature(signed)
    ? { ok: true, value: signed }
    : refuse('signature_invalid', 'contract signature');
}

function validSignature({ contract, key, signature }: SignedContract): boolean {
  try {
    const message = canonicalBytes(contract);
    return verifySignature(fromBase64url(key), contractDomain, message, fromBase64url(signature));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What a contract in form says against itself, and where; nothing when it may be published. */
export function contradictionsIn(contract: Contract): readonly Contradiction[] {
  const names = contract.fields.map((field) => field.name);
  const twice = names
    .map((name, at) => ({ where: `/fields/${at}`, what: `field ${name} is declared twice`, name }))
    .filter(({ name }, at) => names.indexOf(name) !== at)
    .map(({ where, what }) => ({ where, what }));
  const first = contract.version === 1;
  if (first === (contract.previous === undefined)) return twice;
  const what = first ? 'version 1 has none before it' : 'the version before is not named';
  return [...twice, { where: '/previous', what }];
}
