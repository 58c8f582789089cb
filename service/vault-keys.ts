import { fromBase64url, toBase64url } from '../wire/bytes.ts';
import { followHandovers, type KnownKeys } from '../wire/handover.ts';
import type { PeerIdentity } from './session.ts';

/** The vault's keys as a service keeps them once they are others than its invite's. Base64url. */
export type KeptVaultKeys = {
  readonly signing: string;
  readonly encapsulation: string;
  /** Every key of its ledger that is known, the last one in force. */
  readonly ledger: readonly string[];
};

/** The vault's keys that an identity knows. */
export function knownKeysOf({ vaultSigning, vaultEncapsulation, ledger }: PeerIdentity): KnownKeys {
  return {
    signing: vaultSigning,
    encapsulation: vaultEncapsulation,
    ledger: ledger?.keys.at(-1) ?? new Uint8Array(32),
  };
}

/**
 * The identity with the vault's keys that handovers lead to; `undefined` where they lead to no other, or are
 * not signed by the keys that are known.
 * @param handovers - attacker-controlled
 */
export function followed(identity: PeerIdentity, handovers: unknown): PeerIdentity | undefined {
  const known = knownKeysOf(identity);
  const next = followHandovers(identity.vault, known, handovers);
  if (!next.ok || next.value === known) return undefined;
  const { signing, encapsulation, ledger } = next.value;
  const isNew = ledger !== known.ledger && identity.ledger !== undefined;
  return {
    ...identity,
    vaultSigning: signing,
    vaultEncapsulation: encapsulation,
    ...(isNew ? { ledger: { ...identity.ledger, keys: [...identity.ledger.keys, ledger] } } : {}),
  };
}

/** What is kept of an identity's vault keys. */
export function keptVaultKeys(identity: PeerIdentity): KeptVaultKeys {
  return {
    signing: toBase64url(identity.vaultSigning),
    encapsulation: toBase64url(identity.vaultEncapsulation),
    ledger: (identity.ledger?.keys ?? []).map(toBase64url),
  };
}

/** The identity with keys of the vault that were kept. */
export function withVaultKeys(identity: PeerIdentity, kept: KeptVaultKeys): PeerIdentity {
  const keys = kept.ledger.map(fromBase64url);
  return {
    ...identity,
    vaultSigning: fromBase64url(kept.signing),
    vaultEncapsulation: fromBase64url(kept.encapsulation),
    ...(identity.ledger === undefined ? {} : { ledger: { ...identity.ledger, keys } }),
  };
}
