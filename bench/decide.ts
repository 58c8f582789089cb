/*
 * How many decisions a second: contracts of 40 fields, requests for three of them, with ten, a hundred and ten
 * thousand services; and what a vault and a service take in memory while nothing happens. Nothing but the decision is
 * counted: no signature, no ledger, no handler. Seconds are of this process's own processor time, so that what else
 * the machine does counts for little. Compare figures within one run only.
 * Usage: npm run bench:decide [-- --rounds N --seconds N --json]
 */
import { parseArgs } from 'node:util';
import { decide } from '../core/decision/decide.ts';
import type { ReceivedEvent } from '../ledger/bodies.ts';
import type { VaultState } from '../projections/vault-state.ts';
import { contractsOf, sharedBehindIds, walk } from './decide-control.ts';
import { memoryOf } from './decide-memory.ts';
import { now, outOfOrder, requestsTo, vaultWith } from './decide-world.ts';
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

type World = {
  readonly name: string;
  readonly measurement: string;
  readonly turn: () => void;
};

const memory = await memoryOf();
const [ten, hundred, thousands] = [vaultWith(10), vaultWith(100), vaultWith(10_000)];
const worlds: readonly World[] = [
  deciding('a hundred connections', hundred, 100),
  deciding('a hundred, whose ids are in no order', outOfOrder(hundred), 100),
  deciding('ten connections', ten, 10),
  deciding('ten of ten thousand', thousands, 10),
  deciding('ten thousand', thousands, 10_000),
  deciding('ten thousand ids, ten connections behind them', sharedBehindIds(thousands, 10), 10_000),
  walking('ten contracts', ten),
  walking('ten thousand contracts', thousands),
];
const samples = new Samples();
for (const world of worlds) rateOf(world);
for (let round = 0; round < Number(options.rounds); round += 1)
  for (const world of worlds) samples.add(world.measurement, world.name, rateOf(world));
const tables = samples.tables();
if (options.json) process.stdout.write(`${JSON.stringify({ tables, memory }, null, 2)}\n`);
else {
  for (const { measurement, rows } of tables) process.stdout.write(tableText(measurement, rows));
  const { vaultKib, connectionKib, askedKib } = memory;
  process.stdout.write(
    `an idle vault's state: ${vaultKib.toFixed(1)} KiB; each connection: ${connectionKib.toFixed(1)} KiB, ${askedKib.toFixed(1)} KiB once it has asked\n`,
  );
}

/** So many services of a vault ask, one after another. */
function deciding(name: string, state: VaultState, asking: number): World {
  const requests: readonly ReceivedEvent[] = requestsTo(state, asking, requestsInTurn);
  const turn = () => {
    for (const request of requests) decide(state, request, now);
  };
  return { name, measurement: 'decisions/s', turn };
}

/** No decision: a plain loop over as many contracts. */
function walking(name: string, state: VaultState): World {
  const contracts = contractsOf(state.connections.values());
  const turn = () => {
    if (walk(contracts, requestsInTurn) === 0) throw new Error('nothing was read');
  };
  return { name, measurement: 'a plain loop, contracts/s', turn };
}

/** Turns until the time is over. */
function rateOf({ turn }: World): number {
  const start = processorMs();
  let done = 0;
  while (processorMs() - start < seconds * 1_000) {
    turn();
    done += requestsInTurn;
  }
  return done / ((processorMs() - start) / 1_000);
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
