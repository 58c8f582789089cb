import { equalBytes } from '../wire/bytes.ts';
import { ledgerIdOf } from './chain.ts';
import { type ChainEnd, emptyChain, type LedgerIdentity } from './chain-end.ts';
import { type VerifiedRecord, verifyCommit } from './commit.ts';
import type { CommitStore, StoredCommit } from './commit-store.ts';
import { LedgerError } from './errors.ts';

/** A commit that verified, and where chain and tree stand before and after it. */
export type VerifiedCommit = {
  readonly sequence: number;
  readonly records: readonly VerifiedRecord[];
  readonly before: ChainEnd;
  readonly end: ChainEnd;
  /** Roots (32 bytes) of the tree's tiles that its records complete. */
  readonly tiles: readonly Uint8Array[];
};

/**
 * Verifies a stored ledger from its first commit on, without any secret: every commit there, in
 * order, unaltered, signed. It cannot see a tail that is missing as a whole. A ledger that grows
 * meanwhile is verified to where it stood at the start, at least.
 * @throws LedgerError that names the first bad record
 */
export async function* verifyStore(
  store: CommitStore,
  identity: LedgerIdentity,
): AsyncIterable<VerifiedCommit> {
  if (!equalBytes(identity.id, ledgerIdOf(identity.publicKey)))
    throw new LedgerError('FOREIGN', 'the ledger id is not the one of this key');
  const claimed = await store.last();
  let end = emptyChain(identity);
  let sequence = 0;
  for await (const commit of store.scan(1)) {
    sequence += 1;
    expectSequence(commit, sequence, end);
    const verified = verifyAt(commit, identity, end);
    end = verified.end;
    yield verified;
  }
  if (claimed > sequence) throw lost(sequence + 1, claimed, end);
  if (end.size === 0) throw new LedgerError('EMPTY', 'the ledger holds no record');
}

function expectSequence(commit: StoredCommit, sequence: number, end: ChainEnd): void {
  if (commit.sequence !== sequence) throw lost(sequence, commit.sequence - 1, end);
}

/** Commits that are not there, from the first to the last, both counted. */
function lost(first: number, last: number, end: ChainEnd): LedgerError {
  const which = first === last ? `commit ${first} is lost` : `commits ${first} to ${last} are lost`;
  return new LedgerError('SEQUENCE_GAP', which, { index: end.size, sequence: first });
}

function verifyAt(commit: StoredCommit, identity: LedgerIdentity, end: ChainEnd): VerifiedCommit {
  const { sequence, bytes } = commit;
  try {
    return { sequence, before: end, ...verifyCommit(bytes, identity, end) };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const index = error.index ?? end.size;
    throw new LedgerError(error.code, error.message, { index, sequence, cause: error });
  }
}
