import type { LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore, StoredCommit } from '../ledger/commit-store.ts';
import { type VerifiedCommit, verifyStore } from '../ledger/reader.ts';

/** A commit that verified, with its stored bytes. */
export type VerifiedBytes = VerifiedCommit & { readonly bytes: Uint8Array };

/**
 * The commits of a store as `verifyStore` gives them, each with its bytes: for whoever writes them
 * down elsewhere.
 * @throws LedgerError that names the first bad record
 */
export async function* verifiedBytes(
  store: CommitStore,
  identity: LedgerIdentity,
): AsyncGenerator<VerifiedBytes> {
  let given: StoredCommit | undefined;
  const watched: CommitStore = {
    append: (bytes, expectedLast, id) => store.append(bytes, expectedLast, id),
    read: (sequence) => store.read(sequence),
    last: () => store.last(),
    scan: async function* (sequence) {
      for await (const commit of store.scan(sequence)) {
        given = commit;
        yield commit;
      }
    },
  };
  for await (const commit of verifyStore(watched, identity))
    if (given !== undefined) yield { ...commit, bytes: given.bytes };
}
