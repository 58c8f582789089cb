/*
 * What the ledger does a second, beside other ways to keep records in the same run. Everything that is called durable
 * was fsynced. Figures are medians of the rounds; compare them within one run only.
 * Usage: npm run bench:ledger [-- --records N --rounds N --seconds N --json]
 *        npm run bench:ledger -- --memory 1000000 [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { natsBinary } from '../cli/servers.ts';
import type { Contender } from './contender.ts';
import { Samples, tableText } from './figures.ts';
import { type LedgerContender, startLedgerContender } from './ledger-contender.ts';
import { measure } from './load.ts';
import { memoryCurves } from './memory.ts';
import { startHypercore } from './peers/hypercore.ts';
import { startRawFile } from './peers/raw-file.ts';
import { startRawJetStream } from './peers/raw-jetstream.ts';
import { startSqlite } from './peers/sqlite.ts';

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    memory: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const records = Number(options.records);
const seconds = Number(options.seconds);
const folder = await mkdtemp(join(tmpdir(), 'cambium-bench-'));
const binary = await natsBinary((line) => process.stderr.write(`${line}\n`));

try {
  const ledger = await startLedgerContender(binary, join(folder, 'ledger'));
  if (options.memory === undefined) await compare(ledger);
  else await watchMemory(ledger, Number(options.memory));
  await ledger.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function compare(ledger: LedgerContender): Promise<void> {
  const peers = await startPeers();
  const samples = new Samples();
  for (let round = 0; round < Number(options.rounds); round++) {
    await measureWriting([ledger, ledger.calls, ...peers], samples);
    const held = await ledger.inMemory();
    await measureReading([ledger, held, ledger.singles, ledger.reading, ...peers], samples);
  }
  const tables = samples.tables();
  if (options.json) process.stdout.write(`${JSON.stringify(tables, null, 2)}\n`);
  else for (const { measurement, rows } of tables) print(tableText(measurement, rows));
  for (const peer of peers) await peer.close();
}

async function startPeers(): Promise<readonly Contender[]> {
  const raw = [
    await startRawFile(folder),
    await startRawJetStream(binary, join(folder, 'raw-jetstream')),
  ];
  const sqlite = await startSqlite(folder);
  if (sqlite === undefined) notInstalled('better-sqlite3');
  const hypercore = await startHypercore(folder);
  if (hypercore === undefined) notInstalled('hypercore');
  return [...raw, sqlite, hypercore].filter((peer) => peer !== undefined);
}

async function measureWriting(contenders: readonly Contender[], samples: Samples): Promise<void> {
  for (const { name, burst } of contenders)
    if (burst !== undefined)
      samples.add('append in bursts, records/s', name, await rateOf(() => burst(records)));
  for (const { name, alone } of contenders) {
    if (alone === undefined) continue;
    const { p50, p99 } = await measure(alone, 1, seconds);
    samples.add('append one at a time, p50 in ms', name, p50);
    samples.add('append one at a time, p99 in ms', name, p99);
  }
}

async function measureReading(contenders: readonly Contender[], samples: Samples): Promise<void> {
  for (const { name, verify } of contenders)
    if (verify !== undefined) samples.add('verify, records/s', name, await rateOf(verify));
  for (const { name, replay } of contenders)
    if (replay !== undefined)
      samples.add('replay: verify, open, fold, records/s', name, await rateOf(replay));
}

/** Operations a second of something that tells how many they were. */
async function rateOf(run: () => Promise<number>): Promise<number> {
  const began = performance.now();
  const count = await run();
  return count / ((performance.now() - began) / 1000);
}

async function watchMemory(ledger: LedgerContender, count: number): Promise<void> {
  const curves = await memoryCurves(ledger, count);
  if (options.json) return print(JSON.stringify(curves, null, 2));
  print(`Resident memory in MiB over ${count.toLocaleString('en-US')} records, tenth by tenth`);
  for (const { name, residentMib } of curves)
    print(`  ${name.padEnd(8)}${residentMib.map((mib) => String(mib).padStart(6)).join('')}`);
}

function notInstalled(name: string): void {
  process.stderr.write(`${name}: not installed (npm --prefix bench/peers ci)\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
