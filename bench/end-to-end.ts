/*
 * Requests a second and latency of a whole `data.request` (sealed, signed, decided, two commits fsynced, a handler's
 * run, sealed answer), beside a raw NATS request-reply and a raw JetStream publish in the same run.
 * Usage: npm run bench [-- SECONDS]
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsBinary } from '../cli/servers.ts';
import { startBaselines } from './baselines.ts';
import { type Figures, measure } from './load.ts';
import { startVault } from './vault-load.ts';

const seconds = Number(process.argv[2] ?? 5);
const message = new Uint8Array(randomBytes(300));
const folder = await mkdtemp(join(tmpdir(), 'cambium-bench-'));
const binary = await natsBinary((line) => process.stderr.write(`${line}\n`));

try {
  const baselines = await startBaselines(binary, join(folder, 'baseline'));
  const vault = await startVault(binary, folder);
  for (const inFlight of [1, 32]) {
    const raw = await measure(() => baselines.request(message), inFlight, seconds);
    const stored = await measure(() => baselines.publish(message), inFlight, seconds);
    const served = await measure(() => vault.request(), inFlight, seconds);
    report(inFlight, [
      ['raw NATS request-reply', raw],
      ['raw JetStream publish, fsynced', stored],
      ['vault data.request', served],
    ]);
    const toRaw = (served.rate / raw.rate).toFixed(3);
    const toStored = (served.rate / stored.rate).toFixed(3);
    process.stdout.write(
      `  vault: ${toRaw} of raw request-reply, ${toStored} of a raw publish\n\n`,
    );
  }
  await vault.stop();
  await baselines.stop();
} finally {
  await rm(folder, { recursive: true, force: true });
}

function report(inFlight: number, rows: readonly (readonly [string, Figures])[]): void {
  process.stdout.write(`${inFlight} in flight, ${seconds} s each\n`);
  for (const [name, { rate, p50, p99 }] of rows)
    process.stdout.write(
      `  ${name.padEnd(32)} ${rate.toFixed(0).padStart(7)}/s   p50 ${p50.toFixed(2)} ms   p99 ${p99.toFixed(2)} ms\n`,
    );
}
