import { randomBytes } from 'node:crypto';
import type { VaultKeys } from '../../ledger/bodies.ts';
import type { Keyring } from '../../ledger/keyring.ts';
import { type Signer, signerFrom } from '../../wire/crypto.ts';
import { type EncapsulationKey, encapsulationKeyFrom } from '../../wire/key-encapsulation.ts';
import { KeySeries } from './key-series.ts';

/** Purposes that handlers may have something signed for, each with a key of its own. */
const purposes = ['payment', 'authentication', 'signature', 'identity'] as const;
const seedNames = [
  'ledger',
  'signing',
  'encapsulation',
  ...purposes.map((name) => `purpose.${name}`),
];

/** The vault's private keys, ready for use; no key bytes can be had from it. */
export type VaultSecrets = {
  readonly ledger: KeySeries<Signer>;
  readonly signing: KeySeries<Signer>;
  readonly encapsulation: KeySeries<EncapsulationKey>;
  /** Signer for a handler's purpose; `undefined` for a purpose that this vault has no key for. */
  purpose(name: string): Signer | undefined;
};

/** Makes the keys of a new vault in its ring. The ledger's seed comes from outside: its id depends on it. */
export async function createSecrets(ring: Keyring, ledgerSeed: Uint8Array): Promise<void> {
  for (const name of seedNames)
    await ring.addSecret(name, name === 'ledger' ? ledgerSeed : new Uint8Array(randomBytes(32)));
}

/** The keys in an unlocked ring. */
export async function openSecrets(ring: Keyring): Promise<VaultSecrets> {
  // A vault that is older than a purpose has no key for it.
  const names = new Set(ring.secretNames());
  const signers = new Map(
    purposes
      .filter((name) => names.has(`purpose.${name}`))
      .map((name) => [name as string, signerFrom(ring.secret(`purpose.${name}`))]),
  );
  return {
    ledger: await openLedgerKeys(ring),
    signing: await KeySeries.open(ring, 'signing', signerFrom),
    encapsulation: await KeySeries.open(ring, 'encapsulation', encapsulationKeyFrom),
    purpose: (name) => signers.get(name),
  };
}

/** The ledger's keys in an unlocked ring. */
export function openLedgerKeys(ring: Keyring): Promise<KeySeries<Signer>> {
  return KeySeries.open(ring, 'ledger', signerFrom);
}

/** The public half of the keys of a new vault. */
export function publicKeys(secrets: VaultSecrets, ledger: Uint8Array): VaultKeys {
  const entries = purposes.map((name) => [name, secrets.purpose(name)?.publicKey] as const);
  return {
    ledger,
    signing: secrets.signing.newest.publicKey,
    encapsulation: secrets.encapsulation.newest.publicKey,
    purposes: Object.fromEntries(entries.filter(([, key]) => key !== undefined)) as Record<
      string,
      Uint8Array
    >,
  };
}
