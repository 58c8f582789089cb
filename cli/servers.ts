import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type LedgerServer, startLedgerServer } from '../core/bus/ledger-server.ts';
import { findNatsServer } from '../core/bus/nats-binary.ts';
import type { NatsServer } from '../core/bus/nats-server.ts';
import { NatsServerError } from '../core/bus/nats-server-error.ts';
import type { VineFolders } from '../core/bus/vine/vine-config.ts';
import { startVineServer } from '../core/bus/vine/vine-server.ts';
import { nkeyProof } from '../wire/nkey.ts';
import { CliError } from './cli-error.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';
import { finishSwap } from './ledger-swap.ts';
import { noteServer, runningLedger, type Stay } from './notes.ts';

/** File of the messaging layer's configuration, in its folder. */
export const vineConfigFile = 'vine.conf';
/** Where it keeps its streams and its accounts, in the same folder. */
export const vineFolders: VineFolders = { storeDir: 'jetstream', resolverDir: 'accounts' };
const lockWaitMs = 30_000;
/** How long to wait for the lock before looking again whether its holder can be attached to. */
const lockTurnMs = 500;

/** Finds nats-server, or fetches it once. */
export async function natsBinary(progress: (line: string) => void): Promise<string> {
  const found = await findNatsServer({ onProgress: progress });
  for (const warning of found.warnings) progress(warning);
  return found.path;
}

/** The ledger's server of a data directory. */
export type TakenLedger = {
  readonly pid: number;
  readonly url: string;
  /** Nkey seed of the user that only reads. */
  readonly reader: string;
  /** It, where it is ours: to be stopped. Otherwise a vault runs on it. */
  readonly own?: LedgerServer;
};

/**
 * Finds the ledger's server where a vault runs, or starts one, after whoever has the directory for
 * a moment.
 * @throws CliError when another process holds the directory for longer than `lockWaitMs`
 */
export async function takeLedger(
  data: DataDir,
  stay: Stay,
  binary: () => Promise<string>,
): Promise<TakenLedger> {
  const deadline = performance.now() + lockWaitMs;
  for (;;) {
    const note = await runningLedger(data);
    if (note !== undefined) return note;
    try {
      const own = await startOnce(data, await binary(), stay);
      return { pid: own.pid, url: own.url, reader: own.seeds.reader, own };
    } catch (error) {
      if (!isLocked(error)) throw error;
      if (performance.now() > deadline) throw inUse(error, data);
    }
  }
}

/**
 * Starts the ledger's server on a data directory and leaves a note for other commands.
 * @throws CliError when another process has the directory
 */
export async function startLedger(
  data: DataDir,
  binary: string,
  stay: Stay,
): Promise<LedgerServer> {
  const { own, pid } = await takeLedger(data, stay, async () => binary);
  if (own !== undefined) return own;
  throw new CliError('failed', `${data.path} is in use: its ledger server runs as process ${pid}`);
}

/** Starts the messaging layer of a data directory, and leaves a note of where it is. */
export async function startVine(data: DataDir, binary: string, stay: Stay): Promise<NatsServer> {
  const config = await readFile(join(data.vine, vineConfigFile), 'utf8');
  const options = { binary, dir: data.vine, config, lockWaitMs };
  const server = await startVineServer(options).catch((error: unknown) => {
    throw isLocked(error) ? inUse(error, data) : error;
  });
  await mkdir(data.run, { recursive: true, mode: 0o700 });
  await noteServer(data, 'vine', server, { stay });
  return server;
}

/** Keeps the messaging layer's configuration, which holds no secret, for every later start. */
export async function keepVineConfig(data: DataDir, config: string): Promise<void> {
  await mkdir(data.vine, { recursive: true, mode: 0o700 });
  await writeFileSafely(join(data.vine, vineConfigFile), config);
}

/** Connects to a ledger server as one of its users. */
export function connectLedger(url: string, seed: string): Promise<NatsConnection> {
  return connect({
    servers: url,
    authenticator: (nonce) => nkeyProof(seed, nonce),
    maxReconnectAttempts: 20,
    reconnectTimeWait: 100,
  });
}

async function startOnce(data: DataDir, binary: string, stay: Stay): Promise<LedgerServer> {
  await finishSwap(data);
  const runDir = join(data.run, 'ledger');
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const options = { binary, dir: data.ledger, runDir, lockWaitMs: lockTurnMs };
  const server = await startLedgerServer(options);
  await noteServer(data, 'ledger', server, { stay, reader: server.seeds.reader });
  return server;
}

function isLocked(error: unknown): error is NatsServerError {
  return error instanceof NatsServerError && error.code === 'LOCKED';
}

function inUse(error: NatsServerError, data: DataDir): CliError {
  return new CliError('failed', `${data.path} is in use by another process`, error);
}
