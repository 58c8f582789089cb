/** One stored commit: its sequence in the store, counting from 1, and its bytes. */
export type StoredCommit = { readonly sequence: number; readonly bytes: Uint8Array };

/**
 * Where commits are kept. The store is not trusted: it may lose, cut, swap, edit or roll back what
 * it holds, and may have kept an append that it reported as failed. Nobody retries in here.
 */
export type CommitStore = {
  /**
   * Appends one commit durably (fsynced when it resolves) if the last sequence is `expectedLast`.
   * A rejection says nothing: the commit may have been kept. So may `duplicate`.
   * @param id - the same for the same bytes
   */
  append(bytes: Uint8Array, expectedLast: number, id: string): Promise<'appended' | 'duplicate'>;
  /** The commit at `sequence`, read from the leader; `undefined` when there is none. */
  read(sequence: number): Promise<StoredCommit | undefined>;
  /** Every commit from `sequence` to the last one there is, in order. */
  scan(sequence: number): AsyncIterable<StoredCommit>;
  /** Sequence of the last commit that the store claims to have; 0 for none. */
  last(): Promise<number>;
};
