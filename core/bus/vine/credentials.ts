import { maxPayloadBytes } from './account-layout.ts';
import { type UserLimits, userCredential, type VineCredential } from './claims.ts';
import {
  answerKeeperPermissions,
  ownerAppPermissions,
  type PartyScope,
  partyPermissions,
  sysPermissions,
  vaultMessageSidePermissions,
  vaultOwnerSidePermissions,
} from './permissions.ts';
import type { VineKeys } from './vine-keys.ts';
import { everyVault } from './vine-names.ts';

/*
 * Issued offline, some tens of milliseconds each. `expiresAt` is Unix time in milliseconds; the server ends the
 * connection within a second of it. Every credential has a key of its own, so that no two holders share one.
 */

/** Which vault a credential is for, and until when; without `expiresAt` it lasts. */
export type VaultCredentialOptions = { readonly vault: string; readonly expiresAt?: number };

const outsideLimits: UserLimits = { subs: 64, payload: maxPayloadBytes };
const sharedLimits: UserLimits = { subs: 65_536, payload: maxPayloadBytes };
const vaultLimits: UserLimits = { subs: -1, payload: maxPayloadBytes };

/** For the owner's app. Connect with `ownerAppInbox(vault)`. */
export function ownerAppCredential(
  keys: Pick<VineKeys, 'owner'>,
  { vault, expiresAt }: VaultCredentialOptions,
): Promise<VineCredential> {
  const permissions = ownerAppPermissions(vault);
  const user = { name: 'owner-app', permissions, limits: outsideLimits, expiresAt };
  return userCredential(keys.owner, user);
}

/** For the vault, towards its owner. Connect with `vaultInbox(vault)`. */
export function vaultOwnerSideCredential(
  keys: Pick<VineKeys, 'owner'>,
  { vault, expiresAt }: VaultCredentialOptions,
): Promise<VineCredential> {
  const permissions = vaultOwnerSidePermissions(vault);
  return userCredential(keys.owner, { name: 'vault', permissions, limits: vaultLimits, expiresAt });
}

/** For the vault, towards its parties. Connect with `vaultInbox(vault)`. */
export function vaultMessageSideCredential(
  keys: Pick<VineKeys, 'message'>,
  { vault, expiresAt }: VaultCredentialOptions,
): Promise<VineCredential> {
  const permissions = vaultMessageSidePermissions(vault);
  const user = { name: 'vault', permissions, limits: vaultLimits, expiresAt };
  return userCredential(keys.message, user);
}

/** For keeping answers for parties that are away. Connect with `answerKeeperInbox`. */
export function answerKeeperCredential(
  keys: Pick<VineKeys, 'message'>,
  { expiresAt }: { readonly expiresAt?: number } = {},
): Promise<VineCredential> {
  const permissions = answerKeeperPermissions();
  const user = { name: 'answer-keeper', permissions, limits: vaultLimits, expiresAt };
  return userCredential(keys.message, user);
}

/** For pushing accounts to the server. Connect with `sysInbox`. */
export function sysCredential(
  keys: Pick<VineKeys, 'sys'>,
  { expiresAt }: { readonly expiresAt?: number } = {},
): Promise<VineCredential> {
  const permissions = sysPermissions();
  return userCredential(keys.sys, { name: 'sys', permissions, limits: outsideLimits, expiresAt });
}

/**
 * For an outside party. Connect with `partyInbox(party)`.
 *
 * Its account must have been pushed. One issued in the same second as a revocation is revoked too.
 */
export function partyCredential(
  keys: Pick<VineKeys, 'issuer'>,
  options: {
    /** The one that it may reach, or `everyVault`. */
    readonly vault: string;
    readonly party: string;
    readonly scope: PartyScope;
    readonly expiresAt: number;
  },
): Promise<VineCredential> {
  const { vault, party, scope, expiresAt } = options;
  const permissions = partyPermissions(vault, party, scope);
  const limits = vault === everyVault ? sharedLimits : outsideLimits;
  const user = { name: scope, account: party, permissions, limits, expiresAt };
  return userCredential(keys.issuer, user);
}
