import { fromBase64url } from '../wire/bytes.ts';
import type { CredentialGranted } from '../wire/messages.ts';

/** What a connection to the messaging layer presents. */
export type Credential = { readonly jwt: string; readonly seed: string };

/** What a credential's token says about itself. Nobody has checked it: the messaging layer does. */
export type CredentialClaims = {
  /** When it was issued, Unix time in milliseconds; the token has whole seconds. */
  readonly issued: number;
  /** Key that signed it: one for all accounts of a vine. */
  readonly issuer: string;
  /** Account that it is a user of. */
  readonly account: string;
};

/** Before its end by so much a credential is not tried any more, in milliseconds. */
const lastMomentMs = 1_000;

/** What `jwt` says; `undefined` when it is no token of a user. Attacker-controlled. */
export function claimsOf({ jwt }: Credential): CredentialClaims | undefined {
  try {
    const json = new TextDecoder().decode(fromBase64url(jwt.split('.')[1] ?? ''));
    const { iat, iss: issuer, nats } = JSON.parse(json) as Record<string, unknown>;
    const account = (nats as { issuer_account?: unknown } | undefined)?.issuer_account;
    if (typeof iat !== 'number' || typeof issuer !== 'string' || typeof account !== 'string')
      return undefined;
    return { issued: iat * 1000, issuer, account };
  } catch {
    return undefined;
  }
}

/** Whether a credential is over, or as good as that. */
export function isOver({ expires }: CredentialGranted, now: number): boolean {
  return now >= expires - lastMomentMs;
}

/** What to connect with at a time: the credential, or when it is over the one to ask for another with. */
export function credentialAt(granted: CredentialGranted, now: number): Credential {
  return isOver(granted, now) ? granted.renewal : granted.credential;
}

/** When to ask for the next credential: two thirds into the life of this one, Unix time in milliseconds. */
export function renewalTime({ credential, expires }: CredentialGranted): number {
  const issued = claimsOf(credential)?.issued ?? expires;
  return expires - (expires - issued) / 3;
}
