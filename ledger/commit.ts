import { concat, equalBytes } from '../wire/bytes.ts';
import { type SignedClaim, verifyClaim } from '../wire/crypto.ts';
import { commitMessage, leafOf } from './chain.ts';
import {
  advance,
  type ChainEnd,
  emptyChain,
  keysUpTo,
  type LedgerIdentity,
  lastKey,
  type SigningKeys,
} from './chain-end.ts';
import { claimedPlace, commitDomain, type ParsedCommit, parseCommit } from './commit-format.ts';
import { LedgerError } from './errors.ts';
import { parseRecord, type StoredRecord } from './record.ts';
import { verifyRotation } from './rotation.ts';

/** A record that a verified commit holds. */
export type VerifiedRecord = StoredRecord & { readonly index: number; readonly leaf: Uint8Array };

/** What a commit holds, and where chain and tree stand with it. */
export type CommitContents = {
  readonly records: readonly VerifiedRecord[];
  readonly end: ChainEnd;
  /** Roots (32 bytes) of the tree's tiles that its records complete. */
  readonly tiles: readonly Uint8Array[];
};

/** A commit of which only the signature has not been checked. */
export type UnsignedCommit = CommitContents & {
  /** What has to be signed, by which key, and the signature. */
  readonly claim: SignedClaim;
};

/**
 * Checks one stored commit against the chain so far: form, ledger, place, keys, chain, times,
 * signature. Needs no key but the ledger's public one. The bytes are attacker-controlled.
 * @throws LedgerError that names the first bad record
 */
export function verifyCommit(
  bytes: Uint8Array,
  ledger: LedgerIdentity,
  before: ChainEnd,
): CommitContents {
  const { claim, ...contents } = checkCommit(bytes, ledger, before);
  if (verifyClaim(claim)) return contents;
  throw notSigned(before, contents.end);
}

/**
 * All of `verifyCommit` but the signature, for whoever checks that elsewhere meanwhile.
 * @throws LedgerError that names the first bad record
 */
export function checkCommit(
  bytes: Uint8Array,
  ledger: LedgerIdentity,
  before: ChainEnd,
): UnsignedCommit {
  const { size: index } = before;
  const commit = parseCommit(bytes, index);
  if (!equalBytes(commit.ledgerId, ledger.id))
    throw new LedgerError('FOREIGN', 'a commit of another ledger', { index });
  if (commit.firstIndex !== index)
    throw new LedgerError('INDEX_GAP', `record ${commit.firstIndex} stands where ${index} must`, {
      index,
    });
  if (!equalBytes(commit.previousHead, before.head))
    throw new LedgerError('HEAD_MISMATCH', 'the commit continues another chain', { index });
  const keys = keysWith(commit, before.keys);
  const records = readRecords(commit.records, before);
  const leaves = records.map(({ leaf }) => leaf);
  const time = records.at(-1)?.header.time ?? before.time;
  const tiles: Uint8Array[] = [];
  const end = advance({ ...before, keys }, leaves, time, (root) => tiles.push(root));
  return { records, end, tiles, claim: claimOf(commit, end) };
}

/**
 * Checks one commit where it says that it stands, and no chain before it: for what is looked up in
 * a ledger that was verified as a whole.
 * @param keys - those of the ledger, as far as they are known
 * @throws LedgerError as `verifyCommit`
 */
export function verifyLoneCommit(
  bytes: Uint8Array,
  ledger: LedgerIdentity,
  keys: SigningKeys,
): readonly VerifiedRecord[] {
  const { size, head } = claimedPlace(bytes);
  const before = { ...emptyChain(ledger), size, head, keys: keysUpTo(keys, size) };
  return verifyCommit(bytes, ledger, before).records;
}

/** That the records between these two places are not what their commit's signature is over. */
export function notSigned({ size: index }: ChainEnd, end: ChainEnd): LedgerError {
  const which = `records ${index} to ${end.size - 1}`;
  return new LedgerError('SIGNATURE_INVALID', `${which}: not what was signed`, { index });
}

function claimOf({ ledgerId, firstIndex, ...commit }: ParsedCommit, end: ChainEnd): SignedClaim {
  const { records, previousHead, signature } = commit;
  const parts = commitMessage(ledgerId, firstIndex, records.length, previousHead, end.head);
  const publicKey = lastKey(end.keys);
  return { publicKey, domain: commitDomain, message: concat(...parts), signature };
}

/** The keys of the ledger with the one that this commit brings. */
function keysWith(commit: ParsedCommit, keys: SigningKeys): SigningKeys {
  const { rotation, ledgerId, firstIndex: index, previousHead: head } = commit;
  if (rotation === undefined) return keys;
  const handover = { ...rotation, index, head };
  if (!verifyRotation(handover, lastKey(keys), ledgerId))
    throw new LedgerError('SIGNATURE_INVALID', 'the new key is not signed by the old and itself', {
      index,
    });
  return [...keys, { from: index, publicKey: rotation.publicKey, handover }];
}

function readRecords(stored: readonly Uint8Array[], before: ChainEnd): VerifiedRecord[] {
  let time = before.time;
  return stored.map((bytes, offset) => {
    const index = before.size + offset;
    const record = parseRecord(bytes, index);
    if ((record.header.kind === 'genesis') !== (index === 0))
      throw new LedgerError('GENESIS_INVALID', 'a ledger begins with its one genesis', { index });
    if (record.header.time < time)
      throw new LedgerError('TIME_REVERSED', 'the record is older than the one before', { index });
    time = record.header.time;
    const { header, headerBytes, sealed } = record;
    return { header, headerBytes, sealed, index, leaf: leafOf(bytes) };
  });
}
