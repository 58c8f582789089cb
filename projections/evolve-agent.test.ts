import { Map as Table } from 'immutable';
import { describe, expect, it } from 'vitest';
import type { AgentBodies } from '../ledger/agent-bodies.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Contract } from '../wire/contract.ts';
import { evolve } from './evolve.ts';
import { stateDigest } from './state-digest.ts';
import { type Connection, emptyState, type VaultState } from './vault-state.ts';

const cooling = { refusals: [1, 2], until: 3 };
const scopes = { name: { tokens: 1, at: 1 }, pay: { tokens: 0, at: 1 } };
const agent: Connection = {
  ...{ id: 'c1', kind: 'agent', status: 'active', party: 'p1', name: 'Agent', scope: 's1' },
  ...{ optional: [], served: Table(), receiving: Table(), seen: 0 },
  agent: { name: 'helper', scopes, cooling },
};
const before: VaultState = { ...emptyState, connections: Table([[agent.id, agent]]) };

function granted(names: readonly string[]): AgentBodies['agent_granted'] {
  const terms = { scopes: names.map((name) => ({ name })) };
  const contract = { id: 'agent.c1', version: 2, fields: [], agent: terms } as unknown as Contract;
  return { connection: 'c1', contract: { contract, key: '', signature: '' }, device: 'd' };
}

function folded(kind: 'agent_granted' | 'agent_refused', body: object): VaultState {
  const place = { index: 9, time: 9, leaf: new Uint8Array(32), scope: 's1' };
  return evolve(before, { kind, body, ...place } as unknown as LedgerRecord);
}

const known = (state: VaultState) => state.connections.get('c1')?.agent;

describe('the state of an agent', () => {
  it('has no refusals after another grant, and the tokens of the scopes that are in it', () => {
    const state = folded('agent_granted', granted(['pay', 'new']));
    expect(known(state)).toEqual({ name: 'helper', scopes: { pay: scopes.pay } });
    expect(state.connections.get('c1')?.contract?.contract.version).toBe(2);
  });

  it('has what the owner’s no has come to', () => {
    const state = folded('agent_refused', { connection: 'c1', refusals: [2, 9] });
    expect(known(state)).toEqual({ name: 'helper', scopes, cooling: { refusals: [2, 9] } });
  });

  it('is as it was for a record about a connection that is forgotten', () => {
    const state = folded('agent_refused', { connection: 'c2', refusals: [9] });
    expect(state.connections).toBe(before.connections);
  });

  it('counts in the digest of its connection’s scope', () => {
    const { agent: _, ...plain } = agent;
    const without = { ...before, connections: Table([[agent.id, plain as Connection]]) };
    expect(stateDigest(before).scopes['s1']).not.toBe(stateDigest(without).scopes['s1']);
  });
});
