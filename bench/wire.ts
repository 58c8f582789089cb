/*
 * What the wire costs without ledger, contract and handler: sealing and opening, first contact, and a request's round
 * trip to another process, beside a raw NATS request-reply in the same run; then what credentials cost.
 * Usage: npm run bench:wire [-- SECONDS]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@nats-io/transport-node';
import { natsBinary } from '../cli/servers.ts';
import { startNatsServer } from '../core/bus/nats-server.ts';
import { toHex } from '../wire/bytes.ts';
import { epochInfo, signOpening } from '../wire/envelope.ts';
import {
  decapsulate,
  encapsulate,
  encapsulationKeyFrom,
  keyId,
} from '../wire/key-encapsulation.ts';
import { type Figures, measure } from './load.ts';
import { rawAsker, sealedAsker } from './wire-asker.ts';
import { credentialCosts } from './wire-credentials.ts';
import {
  openedAnswer,
  openedRequest,
  sealedAnswer,
  sealedRequest,
  type WirePair,
  wirePair,
} from './wire-peers.ts';

const seconds = Number(process.argv[2] ?? 3);
const seed = new Uint8Array(randomBytes(32));
const pair = wirePair(seed);
const folder = await mkdtemp(join(tmpdir(), 'cambium-bench-'));
const binary = await natsBinary((line) => process.stderr.write(`${line}\n`));

try {
  await constructions(pair);
  const server = await startNatsServer({
    binary,
    dir: join(folder, 'raw'),
    config: '',
    name: 'baseline',
  });
  const responder = await startResponder(server.url);
  for (const inFlight of [1, 32]) await roundTrips(server.url, inFlight);
  responder.kill();
  await server.stop();
  title('Credentials on a vine of their own');
  for (const [name, figures] of await credentialCosts(binary, join(folder, 'vine'), seconds))
    row(name, figures);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function constructions(wire: WirePair): Promise<void> {
  const subject = 'sealed';
  const { bytes: plain } = sealedRequest(wire, subject, false);
  const { bytes: signed } = sealedRequest(wire, subject, true);
  const answer = sealedAnswer(wire, subject, '0');
  const key = await encapsulationKeyFrom(new Uint8Array(randomBytes(32)));
  const info = epochInfo(wire.connection, 'to-vault', 2);
  const first = await encapsulate(key.publicKey, info);
  const recipient = keyId(key.publicKey);
  title(`One thread, an envelope of ${plain.length} bytes`);
  const tasks: readonly (readonly [string, () => unknown])[] = [
    ['request: encode, seal', () => sealedRequest(wire, subject, false)],
    ['request: encode, sign, seal', () => sealedRequest(wire, subject, true)],
    ['request: open, decode', () => openedRequest(wire, subject, plain, false)],
    ['request: open, decode, verify', () => openedRequest(wire, subject, signed, true)],
    ['answer: encode, seal', () => sealedAnswer(wire, subject, '0')],
    ['answer: open, decode', () => openedAnswer(wire, subject, answer)],
    [
      'epoch: encapsulate, sign its opening',
      async () => {
        const { encapsulation } = await encapsulate(key.publicKey, info);
        return signOpening(wire.signer, wire.connection, 'to-vault', 2, {
          recipient,
          encapsulation,
        });
      },
    ],
    ['epoch: decapsulate', () => decapsulate(key, info, first.encapsulation)],
  ];
  for (const [name, task] of tasks) row(name, await measure(async () => task(), 1, seconds / 2));
}

async function startResponder(url: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('wire-responder.js', import.meta.url));
  const child = spawn(process.execPath, [program, url, toHex(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function roundTrips(url: string, inFlight: number): Promise<void> {
  const nc = await connect({ servers: url });
  const { bytes: raw } = sealedRequest(pair, 'raw', false);
  const askRaw = rawAsker(nc, raw);
  const ask = sealedAsker(nc, pair);
  title(`Round trip to another process, ${inFlight} in flight`);
  const base = await measure(() => nc.request('raw', raw, { timeout: 10_000 }), inFlight, seconds);
  row('raw NATS request-reply', base);
  row('raw, answers to one inbox', await measure(() => askRaw('raw'), inFlight, seconds), base);
  row('sealed both ways', await measure(() => ask('sealed', false), inFlight, seconds), base);
  row(
    'sealed both ways, request signed',
    await measure(() => ask('signed', true), inFlight, seconds),
    base,
  );
  await nc.close();
}

function title(text: string): void {
  process.stdout.write(`${text}\n`);
}

function row(name: string, { rate, p50, p99 }: Figures, base?: Figures): void {
  const ratio = base === undefined ? '' : `   ${(rate / base.rate).toFixed(2)}x of raw`;
  const figures = `${Math.round(rate).toLocaleString('en-US').padStart(9)}/s   p50 ${p50.toFixed(3)} ms   p99 ${p99.toFixed(3)} ms`;
  process.stdout.write(`  ${name.padEnd(38)}${figures}${ratio}\n`);
}
