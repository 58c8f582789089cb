import { fieldsByName } from '../wire/contract-fields.ts';
import { contractsOf } from './decide-control.ts';
import { idleVault, vaultWith } from './decide-world.ts';

/** KiB of heap and buffers: means of a thousand. */
export type Memory = {
  readonly vaultKib: number;
  /** Of a connection that asks for nothing. */
  readonly connectionKib: number;
  /** Of one that has: its contract is indexed by then. */
  readonly askedKib: number;
};

/** What an idle vault's state takes, and each connection beside it. */
export async function memoryOf(): Promise<Memory> {
  const count = 1_000;
  const few = 1;
  const vaultKib = await heapOf(() => Array.from({ length: count }, idleVault));
  const alone = await heapOf(() => vaultWith(few));
  const idle = await heapOf(() => vaultWith(count + few));
  const asked = await heapOf(() => {
    const state = vaultWith(count + few);
    for (const contract of contractsOf(state.connections.values())) fieldsByName(contract);
    return state;
  });
  return {
    vaultKib: vaultKib / count,
    connectionKib: (idle - alone) / count,
    askedKib: (asked - alone) / count,
  };
}

async function heapOf(make: () => unknown): Promise<number> {
  const before = await settledHeap();
  const made = make();
  const after = await settledHeap();
  if (made === undefined) throw new Error('nothing was made');
  return (after - before) / 1_024;
}

/** Heap and buffers in use, in bytes, once the collector has been through. */
async function settledHeap(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc');
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
