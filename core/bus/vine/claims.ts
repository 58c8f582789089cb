/*
 * The only file that knows `@nats-io/jwt`, which calls itself unsupported. Tokens are NATS JWT v2:
 * Ed25519 over base64url JSON. Times are Unix milliseconds here and whole seconds in the token.
 */
import {
  type Account,
  decode,
  encodeAccount,
  encodeOperator,
  encodeUser,
  type User,
} from '@nats-io/jwt';
import { createUser } from '@nats-io/nkeys';
import { signingPair } from './signing-pair.ts';
import { VineError } from './vine-error.ts';

/** What a connection presents: a signed token and the key that answers the server's challenge. */
export type VineCredential = { readonly jwt: string; readonly seed: string };

/** What an account may do: NATS's own words for limits, exports, imports and signing keys. */
export type AccountTerms = Pick<Account, 'limits' | 'exports' | 'imports' | 'signing_keys'>;

/** What is told about an account besides its terms. */
export type AccountStanding = {
  /** The account is cut off at this time. */
  readonly expiresAt?: number | undefined;
  /** No user issued at or before this time is served. */
  readonly revokedUntil?: number | undefined;
  /** Users that are served no more, by their public keys. */
  readonly revokedUsers?: readonly string[];
};

/** Subjects that a user may use. Never empty: NATS reads an empty list as "everything". */
export type UserPermissions = {
  readonly publish: readonly [string, ...string[]];
  readonly subscribe: readonly [string, ...string[]];
};

/** Limits that the server enforces for each connection; -1 is none. */
export type UserLimits = { readonly subs: number; readonly payload: number };

/** The operator's token: whose accounts a server serves, and which of them is its system account. */
export function operatorJwt(operatorSeed: string, systemAccount: string): Promise<string> {
  return encodeOperator('vine', signingPair(operatorSeed), { system_account: systemAccount });
}

/**
 * An account's token, signed by the operator.
 * @param account - its public key
 */
export function accountJwt(
  operatorSeed: string,
  account: { readonly name: string; readonly key: string },
  terms: AccountTerms,
  standing: AccountStanding = {},
): Promise<string> {
  const { expiresAt, revokedUntil, revokedUsers = [] } = standing;
  const all = revokedUntil === undefined ? {} : { '*': seconds(revokedUntil) };
  const users = revokedUsers.map((user) => [user, seconds(Date.now())]);
  const revocations = { ...all, ...Object.fromEntries(users) };
  const claims = { ...terms, revocations };
  return encodeAccount(account.name, account.key, claims, {
    signer: signingPair(operatorSeed),
    ...expiry(expiresAt),
  });
}

/**
 * What an account's token says about its standing.
 * @returns `undefined` when it is not this operator's token for this account
 */
export function readStanding(
  jwt: string,
  operator: string,
  account: string,
): AccountStanding | undefined {
  try {
    const claims = decode<Account>(jwt); // Checks the signature, against whoever the token names.
    if (claims.iss !== operator || claims.sub !== account) return undefined;
    const revoked = claims.nats.revocations?.['*'];
    return {
      ...(claims.exp === undefined ? {} : { expiresAt: claims.exp * 1000 }),
      ...(revoked === undefined ? {} : { revokedUntil: revoked * 1000 }),
    };
  } catch {
    return undefined;
  }
}

/**
 * Subjects that an account's token exports.
 * @returns `undefined` when it is not this operator's token for this account
 */
export function exportsIn(jwt: string, operator: string, account: string): string[] | undefined {
  try {
    const claims = decode<Account>(jwt);
    if (claims.iss !== operator || claims.sub !== account) return undefined;
    return (claims.nats.exports ?? []).map(({ subject }) => String(subject));
  } catch {
    return undefined;
  }
}

/**
 * A new user of an account, with a key of its own.
 * @param issuerSeed - the account's seed, or that of one of its signing keys
 * @param account - the account's public key, when `issuerSeed` is a signing key
 */
export async function userCredential(
  issuerSeed: string,
  user: {
    readonly name: string;
    readonly account?: string;
    readonly permissions: UserPermissions;
    readonly limits: UserLimits;
    readonly expiresAt?: number | undefined;
  },
): Promise<VineCredential> {
  const seed = new TextDecoder().decode(createUser().getSeed());
  const claims: Partial<User> = {
    pub: { allow: [...user.permissions.publish] },
    sub: { allow: [...user.permissions.subscribe] },
    ...user.limits,
    allowed_connection_types: ['STANDARD', 'WEBSOCKET'],
  };
  const issuer = signingPair(issuerSeed);
  const signedFor = user.account === undefined ? {} : { signer: issuer };
  const jwt = await encodeUser(user.name, signingPair(seed), user.account ?? issuer, claims, {
    ...signedFor,
    ...expiry(user.expiresAt),
  });
  return { jwt, seed };
}

function expiry(timeMs: number | undefined): { exp?: number } {
  return timeMs === undefined ? {} : { exp: seconds(timeMs) };
}

// Rounded down: a credential never outlives the time it was given. 0, NaN and fractions would read as "never expires".
function seconds(timeMs: number): number {
  const time = Math.floor(timeMs / 1000);
  if (!Number.isSafeInteger(time) || time < 1) {
    throw new VineError('BAD_TIME', `not a time in milliseconds: ${timeMs}`);
  }
  return time;
}
