import type { LedgerRecord } from '../ledger/bodies.ts';
import { contractHash } from '../wire/contract.ts';
import { withSharedLines } from '../wire/contract-fields.ts';
import { withNewGrants } from './evolve-grants.ts';
import type { Connection, VaultState } from './vault-state.ts';

type Changed = Extract<
  LedgerRecord,
  { readonly kind: 'contract_offered' | 'contract_accepted' | 'contract_rejected' }
>;

/** The state with one more step of a contract's life. */
export function contractChanged(state: VaultState, record: Changed): VaultState {
  const known = state.connections.get(record.body.connection);
  if (known === undefined) return state;
  return { ...state, connections: state.connections.set(known.id, nextConnection(known, record)) };
}

function nextConnection(known: Connection, record: Changed): Connection {
  const { offered, ...rest } = known;
  switch (record.kind) {
    case 'contract_offered': {
      const { event } = record.body;
      const contract = withSharedLines(record.body.contract);
      const hash = contractHash(contract.contract);
      return { ...rest, offered: { contract, hash, event, at: record.time } };
    }
    case 'contract_accepted': {
      if (offered === undefined) return known;
      const { contract, hash: contractHash } = offered;
      const { name } = contract.contract.service;
      // Who accepts the terms grants what they declare, anew.
      const granted = withNewGrants(rest, [...known.served.keys()]);
      return { ...granted, name, contract, contractHash, optional: record.body.optional };
    }
    case 'contract_rejected':
      return rest;
  }
}
