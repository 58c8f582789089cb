import type { LedgerRecord } from '../ledger/bodies.ts';
import { contractHash } from '../wire/contract.ts';
import type { Connection, VaultState } from './vault-state.ts';

type Of<K extends LedgerRecord['kind']> = Extract<LedgerRecord, { kind: K }>;

/** The state with another way to a peer, or other things shared with it. */
export function peerChanged(
  state: VaultState,
  record: Of<'dial_prepared' | 'dial_granted' | 'peer_moved' | 'shared'>,
): VaultState {
  const known = state.connections.get(record.body.connection);
  if (known === undefined) return state;
  return { ...state, connections: state.connections.set(known.id, changed(known, record)) };
}

function changed(
  known: Connection,
  record: Of<'dial_prepared' | 'dial_granted' | 'peer_moved' | 'shared'>,
): Connection {
  switch (record.kind) {
    case 'dial_prepared': {
      const { connection: _, ...dial } = record.body;
      return { ...known, dial: { ...known.dial, ...dial } };
    }
    case 'dial_granted': {
      const { connection: _, ...granted } = record.body;
      if (known.dial === undefined) return known;
      const { offer: _over, ...dial } = known.dial;
      return { ...known, dial: { ...dial, ...granted } };
    }
    case 'peer_moved': {
      const { servers } = record.body;
      return known.dial === undefined ? known : { ...known, dial: { ...known.dial, servers } };
    }
    case 'shared': {
      const { contract } = record.body;
      return { ...known, contract, contractHash: contractHash(contract.contract) };
    }
  }
}
