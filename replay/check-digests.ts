import type { LedgerRecord } from '../ledger/bodies.ts';
import { evolve } from '../projections/evolve.ts';
import { betweenScopes, stateDigest } from '../projections/state-digest.ts';
import { emptyState, type VaultState } from '../projections/vault-state.ts';

/** A digest that replay does not give again. */
export type DigestDifference = {
  /** Index of the checkpoint that recorded it. */
  readonly record: number;
  /** Scope id, or `total`. */
  readonly scope: string;
};

/** Whether replay gives the states that checkpoints recorded. */
export type DigestsReport = {
  readonly checkpoints: number;
  /** Digests that are the same again. */
  readonly reproduced: number;
  /** Scopes of which nothing can be said any more, since they were erased. */
  readonly erased: number;
  readonly differences: readonly DigestDifference[];
};

/**
 * Holds the state at each checkpoint against the digests that were recorded there. Where scopes were erased
 * since, all the others are compared still.
 * @throws LedgerError when the ledger is not whole
 */
export async function checkDigests(records: AsyncIterable<LedgerRecord>): Promise<DigestsReport> {
  let state = emptyState;
  let [checkpoints, reproduced] = [0, 0];
  const erased = new Set<string>();
  const differences: DigestDifference[] = [];
  for await (const record of records) {
    if (record.kind === 'tombstone') erased.add(record.scope);
    const before = state;
    state = evolve(state, record);
    if (record.kind !== 'checkpoint') continue;
    checkpoints += 1;
    const { total } = record.body.digests;
    for (const [scope, same] of compared(before, state, total, erased)) {
      if (same) reproduced += 1;
      else differences.push({ record: record.index, scope });
    }
  }
  return { checkpoints, reproduced, erased: erased.size, differences };
}

function* compared(
  before: VaultState,
  { checkpoint }: VaultState,
  total: string,
  erased: ReadonlySet<string>,
): Iterable<[scope: string, same: boolean]> {
  const digest = stateDigest(before);
  if (erased.size === 0) yield ['total', digest.total === total];
  for (const [scope, found] of Object.entries(digest.scopes)) {
    const recorded = checkpoint?.digests.get(scope);
    const lost = erased.has(scope) || (scope === betweenScopes && erased.size > 0);
    // A checkpoint of a vault with very many scopes has none of their digests.
    const silent = recorded === undefined && checkpoint?.digests.isEmpty() === true;
    if (!lost && !silent) yield [scope, recorded === found];
  }
}
