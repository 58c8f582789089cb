import { fileSealer } from '../core/enclave/sealer.ts';
import { type PassphraseRoots, rootsFrom } from '../core/keys/root-key.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import type { ScopeKeys } from '../ledger/record-opener.ts';
import { valuesOf } from '../ledger/ring-copy.ts';
import { jetStreamRing, type KeptValue } from '../ledger/ring-store.ts';
import { type DataDir, readCard, type VaultCard } from './data-dir.ts';
import { connectLedger, natsBinary, runningLedger, startLedger } from './servers.ts';

/** A ledger that can be read: beside a running vault, or with a server of our own for as long as it takes. */
export type AttachedLedger = {
  readonly card: VaultCard;
  readonly store: CommitStore;
  /** Whether a vault's servers were there already. */
  readonly running: boolean;
  /**
   * What the keyring keeps, still wrapped: its root, then what came since.
   * @throws LedgerError RING_MALFORMED when it has no root
   */
  ring(): Promise<readonly KeptValue[]>;
  /** Unlocks the keyring; the keys open every scope that still has one. */
  unlock(passphrase: string): Promise<ScopeKeys>;
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
  const note = await runningLedger(data);
  const server =
    note === undefined ? await startLedger(data, await natsBinary(progress)) : undefined;
  const url = note?.url ?? server?.url ?? '';
  const nc = await connectLedger(url, note?.reader ?? server?.seeds.reader ?? '');
  let ring: Keyring | undefined;
  let roots: PassphraseRoots | undefined;
  try {
    return await use({
      card,
      store: await jetStreamStore(nc, card.vault),
      running: note !== undefined,
      ring: async () => valuesOf(await (await jetStreamRing(nc, card.vault)).read()),
      unlock: async (passphrase) => {
        roots = rootsFrom(passphrase, fileSealer(), card.ledger.id);
        const store = await jetStreamRing(nc, card.vault);
        const unlocked = await Keyring.unlock(store, card.ledger.id, roots);
        ring = unlocked;
        return (scope) => unlocked.scopeKey(scope);
      },
    });
  } finally {
    ring?.close();
    roots?.close();
    await nc.close();
    await server?.stop();
  }
}
