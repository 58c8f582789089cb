import type { LedgerIdentity, SigningKeys } from '../ledger/chain-end.ts';
import { verifyLoneCommit } from '../ledger/commit.ts';
import { claimedPlace } from '../ledger/commit-format.ts';
import type { CommitStore, StoredCommit } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { equalBytes } from '../wire/bytes.ts';

/**
 * What has happened to a ledger, as far as it can be told. `store_lost`: there is nothing of it.
 * `truncated`: the store has less than it claims. `rolled_back`: it is whole, and shorter than a
 * checkpoint or a copy of it. `lost`: whole commits, or the key of a scope, are missing. `reordered`: a
 * commit that is ours stands in another's place. `forked`: two histories, both signed with our key.
 * `foreign`: another ledger's commit. `corrupted`: bytes were changed, or are of a version or kind
 * that this program does not know; records swapped within a commit look like that too.
 *
 * Cannot be told: a tail that is missing as a whole, when the store claims no more than it has. That
 * takes a checkpoint that is pinned outside the store, or a copy.
 */
export type Damage =
  | 'store_lost'
  | 'truncated'
  | 'rolled_back'
  | 'corrupted'
  | 'reordered'
  | 'foreign'
  | 'lost'
  | 'forked';

/** Where verification stopped. */
export type Stop = {
  readonly error: LedgerError;
  /** Index that the next record had to have. */
  readonly expected: number;
  /** Keys that have signed what is whole. */
  readonly signers: SigningKeys;
};

type Signed = { readonly identity: LedgerIdentity; readonly signers: SigningKeys };

/** Classifies what stopped a verification. Looks at the rest of the store where that helps. */
export async function damageOf(
  store: CommitStore,
  identity: LedgerIdentity,
  { error, expected, signers }: Stop,
): Promise<Damage> {
  const { commit: given } = error;
  const by = { identity, signers };
  switch (error.code) {
    case 'FOREIGN':
      return 'foreign';
    case 'EMPTY':
      return 'store_lost';
    case 'ROLLED_BACK':
      return 'rolled_back';
    case 'SEQUENCE_GAP':
      if (given !== undefined) return 'lost';
      return expected === 0 ? 'store_lost' : 'truncated';
    case 'KEY_MISSING':
    case 'SCOPE_CHAIN':
      return 'lost';
    case 'FORKED':
    case 'CHECKPOINT_MISMATCH':
      return 'forked';
    case 'HEAD_MISMATCH':
      return given !== undefined && isOurs(given.bytes, by) ? 'forked' : 'corrupted';
    case 'INDEX_GAP':
      return given !== undefined && isOurs(given.bytes, by)
        ? misplaced(store, by, given, expected)
        : 'corrupted';
    default:
      return 'corrupted';
  }
}

/** A commit that is signed for another place than it stands in. */
async function misplaced(
  store: CommitStore,
  by: Signed,
  { bytes, sequence }: StoredCommit,
  expected: number,
): Promise<Damage> {
  const { size } = claimedPlace(bytes);
  for await (const commit of asFarAsItGoes(store)) {
    const before = commit.sequence < sequence;
    if (size < expected && before && equalBytes(commit.bytes, bytes)) return 'reordered';
    if (size > expected && !before && placeOf(commit.bytes, by) === expected) return 'reordered';
  }
  return size < expected ? 'forked' : 'lost';
}

/** A store with one fault may have another behind it: then it ends there. */
async function* asFarAsItGoes(store: CommitStore): AsyncGenerator<StoredCommit> {
  try {
    yield* store.scan(1);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === 'STORE_UNAVAILABLE') throw error;
  }
}

function isOurs(bytes: Uint8Array, by: Signed): boolean {
  return placeOf(bytes, by) !== undefined;
}

/** Index that an authentic commit of this ledger begins with; `undefined` for any other bytes. */
function placeOf(bytes: Uint8Array, { identity, signers }: Signed): number | undefined {
  try {
    verifyLoneCommit(bytes, identity, signers);
    return claimedPlace(bytes).size;
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}
