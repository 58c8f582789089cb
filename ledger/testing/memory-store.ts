import { equalBytes } from '../../wire/bytes.ts';
import type { CommitStore, StoredCommit } from '../commit-store.ts';

type AppendAnswer = 'appended' | 'duplicate';

/** A store in memory, for the faults that a real server cannot be made to show. */
export class MemoryStore implements CommitStore {
  commits: Uint8Array[];
  /** How often `append` was called. */
  appends = 0;
  /** Instead of the honest answer to an append; `keep` does what an honest store does. */
  onAppend: ((keep: () => void) => AppendAnswer) | undefined;
  /** Called before a place is read. */
  onRead: (() => void) | undefined;

  constructor(commits: readonly Uint8Array[] = []) {
    this.commits = [...commits];
  }

  async append(bytes: Uint8Array, expectedLast: number): Promise<AppendAnswer> {
    this.appends += 1;
    // The answer comes later, as it does from a server.
    await Promise.resolve();
    const keep = (): void => {
      if (this.commits.length !== expectedLast) throw new Error('wrong last sequence');
      this.commits.push(bytes.slice());
    };
    if (this.onAppend !== undefined) return this.onAppend(keep);
    keep();
    return 'appended';
  }

  async read(sequence: number): Promise<StoredCommit | undefined> {
    this.onRead?.();
    const bytes = this.commits[sequence - 1];
    return bytes === undefined ? undefined : { sequence, bytes };
  }

  async *scan(sequence: number): AsyncIterable<StoredCommit> {
    for (const [offset, bytes] of this.commits.slice(sequence - 1).entries())
      yield { sequence: sequence + offset, bytes };
  }

  async last(): Promise<number> {
    return this.commits.length;
  }

  /** Whether it keeps these very bytes. */
  holds(bytes: Uint8Array): boolean {
    return this.commits.some((commit) => equalBytes(commit, bytes));
  }
}
