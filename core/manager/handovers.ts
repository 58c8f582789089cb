import type { Connection, VaultState } from '../../projections/vault-state.ts';
import { toBase64url } from '../../wire/bytes.ts';
import type { Signer } from '../../wire/crypto.ts';
import {
  type Handover,
  type HandoverPurpose,
  handoverPurposes,
  handoversMax,
  type KnownKeyIds,
} from '../../wire/handover.ts';
import { keyId } from '../../wire/key-encapsulation.ts';
import type { VaultSecrets } from '../keys/vault-secrets.ts';

/**
 * How long a key that was replaced is still honoured: what waits in the messaging layer may be 16 days old, and a
 * credential lasts 30. Then its private half is destroyed.
 */
export const handoverLastsMs: number = 30 * 24 * 60 * 60 * 1000;

/** Handovers that a peer is told, and until when the oldest key among them is honoured. */
export type ToldHandovers = { readonly handovers: readonly Handover[]; readonly until?: number };

/** Public keys that were replaced and are still honoured. */
export function honoured(
  { handovers }: VaultState,
  purpose: 'signing' | 'encapsulation',
): Uint8Array[] {
  return handovers
    .filter(({ handover, retired }) => handover.purpose === purpose && retired !== true)
    .map(({ from }) => from);
}

/** Whether a connection in use has not said yet that it knows the vault's keys. */
export function isBehind({ handovers }: VaultState, { status, knows = 0 }: Connection): boolean {
  return status === 'active' && knows < handovers.length;
}

/** What a peer is told that knows the vault's keys as they were after `knows` handovers. */
export function toldFrom({ handovers }: VaultState, knows: number): ToldHandovers {
  const told = handovers.slice(knows, knows + handoversMax);
  const [oldest] = told;
  const until = oldest === undefined ? {} : { until: oldest.at + handoverLastsMs };
  return { handovers: told.map(({ handover }) => handover), ...until };
}

/**
 * After how many handovers the vault's keys were those that a peer names; `undefined` for keys that they
 * never were. Another process of the same party may know fewer than what was said before.
 * @param ids - attacker-controlled, in form
 */
export function positionOf(
  state: VaultState,
  { kind }: Connection,
  ids: KnownKeyIds,
): number | undefined {
  for (let at = state.handovers.length; at >= 0; at--) {
    // The owner's app goes by the ledger's own rotations.
    const compared = handoverPurposes.filter((one) => kind !== 'owner' || one !== 'ledger');
    if (compared.every((purpose) => idAfter(state, purpose, at) === ids[purpose])) return at;
  }
  return undefined;
}

/**
 * The vault's signing key that a connection knows: openings to it are signed with this one until it has said
 * that it knows the next. Where that one is destroyed, there is only the one in force.
 */
export function signerKnownTo(
  { signing }: VaultSecrets,
  state: VaultState,
  { knows = 0 }: Connection,
): Signer {
  const next = state.handovers.slice(knows).find(({ handover }) => handover.purpose === 'signing');
  const known = next && signing.keyFor(next.from);
  const inForce = known ?? (state.keys && signing.keyFor(state.keys.signing));
  if (inForce === undefined) throw new Error('the ring has no signing key');
  return inForce;
}

/** Id of the key that was in force after so many handovers, base64url. */
function idAfter(
  { handovers, keys }: VaultState,
  purpose: HandoverPurpose,
  count: number,
): string | undefined {
  const next = handovers.slice(count).find(({ handover }) => handover.purpose === purpose);
  if (next !== undefined) return next.handover.from;
  return keys && toBase64url(keyId(keys[purpose]));
}
