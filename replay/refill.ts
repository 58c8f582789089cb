import type { ChainEnd, LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { settleAppend } from '../ledger/settle-append.ts';
import { rootOf } from '../ledger/tree.ts';
import { toHex } from '../wire/bytes.ts';
import { type VerifyReport, verifyLedger } from './verify.ts';

/** A ledger that is whole. */
export type WholeReport = VerifyReport & { readonly ok: true };

/**
 * Appends verified commits to an empty store, byte for byte.
 * @param onCommit - called with each commit when it is durable
 * @throws LedgerError what the commits throw; FENCED, STORE_UNAVAILABLE
 */
export async function refill<T extends { readonly bytes: Uint8Array }>(
  store: CommitStore,
  commits: AsyncIterable<T>,
  onCommit: (commit: T) => void,
): Promise<void> {
  let sequence = 0;
  for await (const commit of commits) {
    await settleAppend(store, commit.bytes, sequence);
    sequence += 1;
    onCommit(commit);
  }
}

/**
 * Reads back a store that was just filled, and verifies it.
 * @param end - where its chain has to end
 * @throws LedgerError when it does not hold that whole ledger
 */
export async function expectWhole(
  store: CommitStore,
  ledger: LedgerIdentity,
  end: ChainEnd,
): Promise<WholeReport> {
  const report = await verifyLedger(store, ledger);
  if (!report.ok) {
    const { code, message, index, sequence } = report;
    throw new LedgerError(code, message, { index, sequence });
  }
  const { records, head, root } = report;
  const same = records === end.size && head === toHex(end.head) && root === toHex(rootOf(end.tree));
  if (same) return report;
  const what = 'the store does not hold what was put into it';
  throw new LedgerError('HEAD_MISMATCH', what, { index: records });
}
