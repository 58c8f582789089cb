import type { LedgerRecord } from './bodies.ts';
import type { LedgerIdentity, SigningKeys } from './chain-end.ts';
import { verifyLoneCommit } from './commit.ts';
import { claimedPlace } from './commit-format.ts';
import type { CommitStore, StoredCommit } from './commit-store.ts';

import { openRecord } from './record.ts';
import { ledgerRecord, type ScopeKeys } from './record-opener.ts';

/** A store whose whole ledger was verified, and the keys that signed it. */
export type VerifiedStore = {
  readonly store: CommitStore;
  readonly identity: LedgerIdentity;
  readonly signers: SigningKeys;
};

/**
 * One record of a ledger that was verified before, found by halving: commits stand in the order of
 * their indices. Its commit's signature is checked again, since the store may have changed since.
 * @returns `undefined` when there is no such record, or its scope's key is gone
 * @throws LedgerError when what is stored there is not what was signed
 */
export async function lookUpRecord(
  { store, identity, signers }: VerifiedStore,
  keys: ScopeKeys,
  index: number,
): Promise<LedgerRecord | undefined> {
  const commit = await findCommit(store, index);
  if (commit === undefined) return undefined;
  const records = verifyLoneCommit(commit.bytes, identity, signers);
  const record = records.find((one) => one.index === index);
  const key = record && keys(record.header.scope);
  if (record === undefined || key === undefined) return undefined;
  const opened = openRecord(record, identity.id, index, key);
  const { kind, scope, time } = record.header;
  const place = { index, time, leaf: record.leaf, scopeIndex: opened.scopeIndex };
  return ledgerRecord({ kind, scope, ...opened }, place);
}

/**
 * The commit that says it holds the record of this index; `undefined` when none does. By halving:
 * commits stand in the order of their indices. Nothing of it is proved.
 */
export async function findCommit(
  store: CommitStore,
  index: number,
): Promise<StoredCommit | undefined> {
  let low = 1;
  let high = await store.last();
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const commit = await store.read(middle);
    if (commit === undefined) return undefined;
    const { size: first, count } = claimedPlace(commit.bytes);
    if (index < first) high = middle - 1;
    else if (index >= first + count) low = middle + 1;
    else return commit;
  }
  return undefined;
}
