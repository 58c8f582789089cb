import type { LedgerRecord } from '../ledger/bodies.ts';
import type { LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { verifyStore } from '../ledger/reader.ts';
import { RecordOpener, type ScopeKeys } from '../ledger/record-opener.ts';

/**
 * Every record of a ledger, in order, each verified and opened before it is handed over. Reads the
 * store anew each time that it is iterated, and only as far as it is iterated. Iterating throws
 * LedgerError at the first record that is not whole.
 */
export function history(
  store: CommitStore,
  identity: LedgerIdentity,
  keys: ScopeKeys,
): AsyncIterable<LedgerRecord> {
  return { [Symbol.asyncIterator]: () => read(store, identity, keys) };
}

async function* read(
  store: CommitStore,
  identity: LedgerIdentity,
  keys: ScopeKeys,
): AsyncGenerator<LedgerRecord> {
  const opener = new RecordOpener(identity, keys);
  for await (const commit of verifyStore(store, identity)) yield* opener.open(commit);
  opener.finish();
}
