/*
 * How many decisions a second: contracts of 40 fields, requests for three of them, with ten, a hundred and ten
 * thousand services; and what a vault and a service take in memory while nothing happens. Nothing but the decision is
 * counted: no signature, no ledger, no handler. Compare figures within one run only.
 * Usage: npm run bench:decide [-- --rounds N --seconds N --json]
 */
import { parseArgs } from 'node:util';
import { decide } from '../core/decision/decide.ts';
import type { ReceivedEvent } from '../ledger/bodies.ts';
import type { VaultState } from '../projections/vault-state.ts';
import { idleVault, now, requestsTo, vaultWith } from './decide-world.ts';
import { Samples, tableText } from './figures.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const requestsInTurn = 20_000;
/** How many services there are, and how many of them ask, one after another. */
const sizes = [
  { there: 100, ask: 100 },
  { there: 10, ask: 10 },
  { there: 10_000, ask: 10 },
  { there: 10_000, ask: 10_000 },
];

type World = {
  readonly name: string;
  readonly state: VaultState;
  readonly requests: readonly ReceivedEvent[];
};

const memory = await memoryOf();
const samples = new Samples();
const worlds = sizes.map(({ there, ask }): World => {
  const state = vaultWith(there);
  const name = `${there} connections, ${ask} of them ask`;
  return { name, state, requests: requestsTo(state, ask, requestsInTurn) };
});
for (const world of worlds) rateOf(world);
for (let round = 0; round < Number(options.rounds); round += 1)
  for (const world of worlds) samples.add('decisions/s', world.name, rateOf(world));
const tables = samples.tables();
if (options.json) process.stdout.write(`${JSON.stringify({ tables, memory }, null, 2)}\n`);
else {
  for (const { measurement, rows } of tables) process.stdout.write(tableText(measurement, rows));
  const { vaultKib, connectionKib } = memory;
  process.stdout.write(
    `an idle vault's state: ${vaultKib.toFixed(1)} KiB; each connection: ${connectionKib.toFixed(1)} KiB\n`,
  );
}

/** Decides about all requests in turn until the time is over. */
function rateOf({ state, requests }: World): number {
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < seconds * 1_000) {
    for (const request of requests) decide(state, request, now);
    done += requests.length;
  }
  return done / ((performance.now() - start) / 1_000);
}

/** Heap that an idle vault's state takes, and each connection beside it: means of a thousand. */
async function memoryOf(): Promise<{ vaultKib: number; connectionKib: number }> {
  const count = 1_000;
  const vaultKib = await heapOf(() => Array.from({ length: count }, idleVault));
  const connectionKib = await heapOf(() => vaultWith(count));
  return { vaultKib: vaultKib / count, connectionKib: connectionKib / count };
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
