import { type ShutReason, shutReason } from '../core/manager/door.ts';
import type { HostClock } from '../core/manager/host-clock.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { VaultState } from '../projections/vault-state.ts';

/** What only the owner can say before a vault opens. */
export type OwnersWord = {
  /** What time it is by the owner's word, where the owner is there: Unix milliseconds. */
  readonly ownersTime?: () => number;
  /** Whether any program may open this vault: else only the one that opened it last. True unless it is said. */
  readonly imageApproved?: boolean;
  /**
   * Called when the vault cannot open for a reason that those who ask may know: they are told until this resolves. The
   * opening fails all the same.
   */
  readonly whileShut?: (error: Error) => Promise<unknown>;
};

/** A vault that is put together and has not taken the ledger yet. */
type Assembled = {
  readonly vault: { open(): Promise<void>; shut(reason: ShutReason): Promise<void> };
  readonly journal: { readonly state: VaultState };
  readonly clock: HostClock;
  readonly measurement: string;
};

/**
 * Takes the ledger, where the owner's word is not missing.
 * @throws LedgerError CLOCK_JUMPED, IMAGE_UNAPPROVED, and what opening throws
 */
export async function beginVault(
  { imageApproved = true, ownersTime, whileShut }: OwnersWord,
  { vault, journal, clock, measurement }: Assembled,
): Promise<void> {
  const { state } = journal;
  try {
    clock.begin(state.time, ownersTime?.());
    if (!imageApproved && measurement !== state.measurement)
      throw new LedgerError('IMAGE_UNAPPROVED', 'this is another program than the vault last ran');
    await vault.open();
  } catch (error) {
    const reason = shutReason(error);
    if (reason !== undefined && whileShut !== undefined) {
      await vault.shut(reason);
      await whileShut(error as LedgerError);
    }
    throw error;
  }
}
