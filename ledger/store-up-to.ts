import type { CommitStore, StoredCommit } from './commit-store.ts';

/**
 * A store as it stands at this sequence, for readers: what is appended later is not there. Whoever reads
 * the keys of a ledger afterwards has the key of every record that it shows.
 */
export function storeUpTo(store: CommitStore, last: number): CommitStore {
  return {
    append: (bytes, expectedLast, id) => store.append(bytes, expectedLast, id),
    read: async (sequence) => (sequence > last ? undefined : store.read(sequence)),
    last: async () => last,
    scan: (sequence) => commits(store, sequence, last),
  };
}

async function* commits(
  store: CommitStore,
  sequence: number,
  last: number,
): AsyncGenerator<StoredCommit> {
  for await (const commit of store.scan(sequence)) {
    if (commit.sequence > last) return;
    yield commit;
  }
}
