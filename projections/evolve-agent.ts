import type { LedgerRecord } from '../ledger/bodies.ts';
import type { DecisionFacts } from '../ledger/decision.ts';
import { contractHash } from '../wire/contract.ts';
import type { Connection, VaultState } from './vault-state.ts';

type Changed = Extract<LedgerRecord, { readonly kind: 'agent_granted' | 'agent_refused' }>;

/** The state with another grant to an agent, or with the owner's no to one of its requests. */
export function agentChanged(state: VaultState, record: Changed): VaultState {
  const known = state.connections.get(record.body.connection);
  if (known === undefined) return state;
  return { ...state, connections: state.connections.set(known.id, changed(known, record)) };
}

function changed(known: Connection, record: Changed): Connection {
  if (record.kind === 'agent_refused') {
    const { connection: _, ...cooling } = record.body;
    return { ...known, agent: { ...known.agent, cooling } };
  }
  const { contract } = record.body;
  const terms = { contract, contractHash: contractHash(contract.contract) };
  return { ...known, ...terms, agent: withoutRefusals(known, contract.contract.agent?.scopes) };
}

/** The owner's word begins anew: no refusal of before counts. Tokens are those that are left, of scopes that there still are. */
function withoutRefusals(
  { agent = {} }: Connection,
  scopes: readonly { readonly name: string }[] = [],
): NonNullable<Connection['agent']> {
  const { cooling: _over, scopes: before, ...rest } = agent;
  if (before === undefined) return rest;
  const kept = Object.entries(before).filter(([name]) => scopes.some((one) => one.name === name));
  return { ...rest, scopes: Object.fromEntries(kept) };
}

/** The connection of an agent with what a decision has counted of it. */
export function agentCounted(known: Connection, { scopes, cooling }: DecisionFacts): Connection {
  if ((scopes ?? cooling) === undefined) return known;
  const { agent } = known;
  return {
    ...known,
    agent: {
      ...agent,
      ...(scopes === undefined ? {} : { scopes: { ...agent?.scopes, ...scopes } }),
      ...(cooling === undefined ? {} : { cooling }),
    },
  };
}
