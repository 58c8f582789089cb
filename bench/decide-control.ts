import type { Connection, VaultState } from '../projections/vault-state.ts';
import type { Contract } from '../wire/contract.ts';

/*
 * What decisions about ten thousand connections in turn cost beside a decision: no cache holds what they touch. These
 * controls tell that from anything that grows with the number of connections.
 */

/** The same table, as many ids in it, but only so many connections behind them: a look-up costs as before, and touches little. */
export function sharedBehindIds(state: VaultState, count: number): VaultState {
  const few = [...state.connections.values()].slice(0, count);
  let at = 0;
  const connections = state.connections.map((own) => few[at++ % few.length] ?? own);
  return { ...state, connections };
}

/** Contracts to walk over, so many steps, and nothing of ours is called. */
export function contractsOf(connections: Iterable<Connection>): readonly Contract[] {
  return [...connections].flatMap(({ contract }) => contract?.contract ?? []);
}

/**
 * Steps of a plain loop: reads ten lines of each contract in turn, as a decision about three fields does with its look-ups.
 * @returns what it read, so that nothing is left out
 */
export function walk(contracts: readonly Contract[], steps: number): number {
  let read = 0;
  for (let step = 0; step < steps; step += 1) {
    const { fields } = contracts[step % contracts.length] as Contract;
    for (let line = 0; line < 40; line += 4) read += fields[line]?.purpose.length ?? 0;
  }
  return read;
}
