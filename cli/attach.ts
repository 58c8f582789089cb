import type { NatsConnection } from '@nats-io/transport-node';
import { fileSealer } from '../core/enclave/sealer.ts';
import { type PassphraseRoots, rootsFrom } from '../core/keys/root-key.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import type { Pinned } from '../ledger/pinned.ts';
import type { ScopeKeys } from '../ledger/record-opener.ts';
import { valuesOf } from '../ledger/ring-copy.ts';
import { jetStreamRing, type KeptValue } from '../ledger/ring-store.ts';
import { storeUpTo } from '../ledger/store-up-to.ts';
import { type DataDir, readCard, type VaultCard } from './data-dir.ts';
import { pinnedOf } from './pins.ts';
import { connectLedger, natsBinary, takeLedger } from './servers.ts';

/** A ledger that can be read: beside a running vault, or with a server of our own for as long as it takes. */
export type AttachedLedger = {
  readonly card: VaultCard;
  /** As it stood when it was attached: whoever unlocks the keyring then has all its keys. */
  readonly store: CommitStore;
  /** What had been pinned of it by then. */
  readonly pinned: readonly Pinned[];
  /**
   * What the keyring keeps, still wrapped: its root, then what came since.
   * @throws LedgerError RING_MALFORMED when it has no root
   */
  ring(): Promise<readonly KeptValue[]>;
  /** Unlocks the keyring; the keys open every scope that still has one. */
  unlock(passphrase: string): Promise<ScopeKeys>;
  /** Unlocks the keyring for what has to be signed too. It is closed with the ledger. */
  unlockRing(passphrase: string): Promise<Keyring>;
};

/**
 * Opens a data directory's ledger for reading, and lets go of it afterwards.
 * @param progress - one line of what takes long, for standard error
 */
export async function withLedger<T>(
  data: DataDir,
  progress: (line: string) => void,
  use: (ledger: AttachedLedger) => Promise<T>,
): Promise<T> {
  const card = await readCard(data);
  const { url, reader, own } = await takeLedger(data, 'brief', () => natsBinary(progress));
  try {
    return await withConnection(await connectLedger(url, reader), card, use);
  } finally {
    await own?.stop();
  }
}

async function withConnection<T>(
  nc: NatsConnection,
  card: VaultCard,
  use: (ledger: AttachedLedger) => Promise<T>,
): Promise<T> {
  let ring: Keyring | undefined;
  let roots: PassphraseRoots | undefined;
  const unlockRing = async (passphrase: string): Promise<Keyring> => {
    roots = rootsFrom(passphrase, fileSealer(), card.ledger.id);
    ring = await Keyring.unlock(await jetStreamRing(nc, card.vault), card.ledger.id, roots);
    return ring;
  };
  try {
    // The pins first: a vault that runs moves them on, and its ledger is ahead of them.
    const pinned = await pinnedOf(card);
    const store = await jetStreamStore(nc, card.vault);
    return await use({
      card,
      store: storeUpTo(store, await store.last()),
      pinned,
      ring: async () => valuesOf(await (await jetStreamRing(nc, card.vault)).read()),
      unlock: async (passphrase) => {
        const unlocked = await unlockRing(passphrase);
        return (scope) => unlocked.scopeKey(scope);
      },
      unlockRing,
    });
  } finally {
    ring?.close();
    roots?.close();
    await nc.close();
  }
}
