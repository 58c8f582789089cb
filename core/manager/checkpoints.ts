import type { Ledger } from '../../ledger/ledger.ts';
import { stateDigest } from '../../projections/state-digest.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import type { Batch } from './journal.ts';

/** Fewest records between two checkpoints that nobody asked for. */
const recordsBetween = 4096;
/** Most digests of one record: about 100 bytes each. */
const scopesMax = 4_000;

/**
 * Whether so much has happened since the last checkpoint that another is due. The digest of the state
 * goes over all of it, so a large state has one more rarely: its cost for each record stays the same.
 */
export function checkpointDue(state: VaultState): boolean {
  const { size, checkpoint, seen, connections, fields, requests, outbox, once } = state;
  const items = [seen, connections, fields, requests, outbox, once];
  const held = items.reduce((sum, table) => sum + table.size, 0);
  return size - (checkpoint?.size ?? 0) >= Math.max(recordsBetween, held);
}

/** Adds the checkpoint of everything before it, with what has changed in the state since the last one. */
export function addCheckpoint(batch: Batch, ledger: Ledger): void {
  const { state } = batch;
  const { total, scopes } = stateDigest(state);
  const known = state.checkpoint?.digests;
  const changed = Object.entries(scopes).filter(([scope, digest]) => known?.get(scope) !== digest);
  batch.add({
    kind: 'checkpoint',
    scope: state.scope,
    body: {
      note: ledger.checkpoint(ledger.end),
      digests: {
        version: 1,
        total,
        ...(changed.length > scopesMax ? {} : { scopes: Object.fromEntries(changed) }),
      },
      measurement: state.measurement,
    },
  });
}
