import { equalBytes } from '../wire/bytes.ts';
import { verifyClaimSoon } from '../wire/crypto.ts';
import { ledgerIdOf } from './chain.ts';
import { type ChainEnd, emptyChain, type LedgerIdentity } from './chain-end.ts';
import { type CommitContents, checkCommit, notSigned } from './commit.ts';
import type { CommitStore, StoredCommit } from './commit-store.ts';
import { LedgerError } from './errors.ts';
import { handedOverLate } from './handed-over-late.ts';

/** Commits that are read before the signature of the first of them has to be there. */
const commitsAhead = 16;

/** A commit that verified, with its stored bytes, and where chain and tree stand before and after it. */
export type VerifiedCommit = StoredCommit & CommitContents & { readonly before: ChainEnd };

/** A commit whose signature is being checked. */
type CheckedCommit = { readonly commit: VerifiedCommit; readonly signed: Promise<boolean> };

/**
 * Verifies a stored ledger from its first commit on, without any secret: every commit there, in
 * order, unaltered, signed. It cannot see a tail that is missing as a whole. A ledger that grows
 * meanwhile is verified to where it stood at the start, at least. Signatures are checked in other threads
 * while what follows is read; a commit is handed over only when its own is known to be good.
 * @throws LedgerError that names the first bad record
 */
export async function* verifyStore(
  store: CommitStore,
  identity: LedgerIdentity,
): AsyncIterable<VerifiedCommit> {
  if (!equalBytes(identity.id, ledgerIdOf(identity.publicKey)))
    throw new LedgerError('FOREIGN', 'the ledger id is not the one of this key');
  for await (const { commit, signed } of handedOverLate(checked(store, identity), commitsAhead)) {
    if (!(await signed)) throw atFault(notSigned(commit.before, commit.end), commit);
    yield commit;
  }
}

async function* checked(
  store: CommitStore,
  identity: LedgerIdentity,
): AsyncIterable<CheckedCommit> {
  const claimed = await store.last();
  let end = emptyChain(identity);
  let sequence = 0;
  for await (const stored of store.scan(1)) {
    sequence += 1;
    if (stored.sequence !== sequence) throw lost(sequence, stored.sequence - 1, end, stored);
    const before = end;
    const { claim, ...contents } = checkAt(stored, identity, before);
    ({ end } = contents);
    const commit = { sequence, bytes: stored.bytes, before, ...contents };
    yield { commit, signed: verifyClaimSoon(claim) };
  }
  if (claimed > sequence) throw lost(sequence + 1, claimed, end);
  if (end.size === 0) throw new LedgerError('EMPTY', 'the ledger holds no record');
}

/** Commits that are not there, from the first to the last, both counted, and what came instead. */
function lost(first: number, last: number, end: ChainEnd, commit?: StoredCommit): LedgerError {
  const which = first === last ? `commit ${first} is lost` : `commits ${first} to ${last} are lost`;
  const where = { index: end.size, sequence: first, ...(commit && { commit }) };
  return new LedgerError('SEQUENCE_GAP', which, where);
}

function checkAt(commit: StoredCommit, identity: LedgerIdentity, before: ChainEnd) {
  try {
    return checkCommit(commit.bytes, identity, before);
  } catch (error) {
    throw error instanceof LedgerError ? atFault(error, commit, before.size) : error;
  }
}

/** The error, which says where the commit stands. */
function atFault(cause: LedgerError, { sequence, bytes }: StoredCommit, first = 0): LedgerError {
  const { code, message, index = first } = cause;
  const commit = { sequence, bytes };
  return new LedgerError(code, message, { index, sequence, commit, cause });
}
