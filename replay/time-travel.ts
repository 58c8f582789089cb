import type { LedgerRecord } from '../ledger/bodies.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState, type VaultState } from '../projections/vault-state.ts';
import { ReplayError } from './errors.ts';

/** A moment of a vault: after record `index`, after everything up to `time` (Unix ms), or now. */
export type Moment = { readonly index: number } | { readonly time: number } | 'end';

/** The state at a moment. */
export type PastState = {
  readonly state: VaultState;
  /** Count of records folded. */
  readonly size: number;
  /** Time of the last one, Unix milliseconds. */
  readonly time: number;
};

/**
 * The state as it was. Reads no further than it has to: what comes later is not verified. A time
 * after the last record has the last state, since nothing has happened in between.
 * @throws ReplayError BEYOND_END, BEFORE_START
 * @throws LedgerError when the ledger is not whole up to there
 */
export async function stateAt(
  records: AsyncIterable<LedgerRecord>,
  at: Moment,
): Promise<PastState> {
  let state = emptyState;
  for await (const record of records) {
    if (isPast(at, record)) break;
    state = evolve(state, record);
    if (at !== 'end' && 'index' in at && record.index === at.index) break;
  }
  expectReached(at, state);
  return { state, size: state.size, time: state.time };
}

function isPast(at: Moment, record: LedgerRecord): boolean {
  if (at === 'end') return false;
  return 'index' in at ? record.index > at.index : record.time > at.time;
}

function expectReached(at: Moment, { size }: VaultState): void {
  if (at === 'end') return;
  if ('index' in at && at.index >= size)
    throw new ReplayError('BEYOND_END', `the ledger has records 0 to ${size - 1}`);
  if (size === 0) throw new ReplayError('BEFORE_START', 'the ledger begins later than that');
}
