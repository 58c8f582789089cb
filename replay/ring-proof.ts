import type { LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { fixedRing } from '../ledger/ring-copy.ts';
import type { RootSource } from '../ledger/ring-root.ts';
import type { KeptValue } from '../ledger/ring-store.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState } from '../projections/vault-state.ts';
import { history } from './history.ts';

/**
 * Makes sure that these values are the keyring of a whole ledger: that they open every record of it which
 * was not erased, and are no older than the ledger last recorded.
 * @throws LedgerError RING_LOCKED, RING_MALFORMED, RING_ROLLED_BACK, KEY_MISSING, and whatever else stops an
 * opening; what the source of roots throws
 */
export async function expectRing(
  store: CommitStore,
  identity: LedgerIdentity,
  values: readonly KeptValue[],
  roots: RootSource,
): Promise<void> {
  const ring = await Keyring.unlock(fixedRing(values), identity.id, roots);
  try {
    let state = emptyState;
    for await (const record of history(store, identity, (scope) => ring.scopeKey(scope)))
      state = evolve(state, record);
    if (state.ring !== undefined) ring.expect(state.ring);
  } finally {
    ring.close();
  }
}
