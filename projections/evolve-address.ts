import type { LedgerRecord } from '../ledger/bodies.ts';
import type { VaultState } from './vault-state.ts';

/** The state of a vault that is reached elsewhere from now on, or of one whose peer keeps where that is. */
export function addressChanged(
  state: VaultState,
  record: Extract<LedgerRecord, { kind: 'moved' | 'servers_known' }>,
): VaultState {
  if (record.kind === 'moved')
    return { ...state, address: { servers: record.body.servers, index: record.index } };
  const known = state.connections.get(record.body.connection);
  if (known === undefined) return state;
  const connections = state.connections.set(known.id, { ...known, keeps: record.body.moved });
  return { ...state, connections };
}
