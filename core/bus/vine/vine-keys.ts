import { createAccount, createOperator, type KeyPair } from '@nats-io/nkeys';
import { nkeyFrom } from '../../../wire/nkey.ts';

/**
 * The nkey seeds that rule a vine. Secret: whoever holds the keyring keeps them wrapped.
 *
 * `operator` signs accounts; `sys`, `owner` and `message` sign users of their accounts; `issuer`
 * is the signing key that every party's account lists, so that no seed per party is kept.
 */
export type VineKeys = {
  readonly operator: string;
  readonly sys: string;
  readonly owner: string;
  readonly message: string;
  readonly issuer: string;
};

/** Keys for a new vine, from the operating system's randomness. */
export function createVineKeys(): VineKeys {
  return {
    operator: seedOf(createOperator()),
    sys: seedOf(createAccount()),
    owner: seedOf(createAccount()),
    message: seedOf(createAccount()),
    issuer: seedOf(createAccount()),
  };
}

/** The public key that belongs to a seed: `O…` or `A…`. */
export function publicKey(seed: string): string {
  return nkeyFrom(seed).name;
}

/**
 * An account for one outside party. Its public key is the party's token in subjects. Its seed is
 * forgotten at once: the operator signs the account, the issuer signs its users.
 */
export function createPartyAccount(): { readonly party: string } {
  const pair = createAccount();
  const party = publicKey(seedOf(pair));
  pair.clear();
  return { party };
}

function seedOf(pair: KeyPair): string {
  return new TextDecoder().decode(pair.getSeed());
}
