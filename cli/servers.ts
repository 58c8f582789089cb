import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { type LedgerServer, startLedgerServer } from '../core/bus/ledger-server.ts';
import { findNatsServer } from '../core/bus/nats-binary.ts';
import type { NatsServer } from '../core/bus/nats-server.ts';
import { NatsServerError } from '../core/bus/nats-server-error.ts';
import type { VineFolders } from '../core/bus/vine/vine-config.ts';
import { startVineServer } from '../core/bus/vine/vine-server.ts';
import { utf8 } from '../wire/bytes.ts';
import { CliError } from './cli-error.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';
import { finishSwap } from './ledger-swap.ts';
import { beganAt } from './process-start.ts';

/** File of the messaging layer's configuration, in its folder. */
export const vineConfigFile = 'vine.conf';
/** Where it keeps its streams and its accounts, in the same folder. */
export const vineFolders: VineFolders = { storeDir: 'jetstream', resolverDir: 'accounts' };
const lockWaitMs = 10_000;

/** A running server, as it is noted in the data directory. */
type ServerNote = {
  readonly pid: number;
  /** When that process began, in the kernel's words: ids of processes come round again. */
  readonly began: string;
  /** Process that started it. A server whose starter is gone is about to end. */
  readonly starter: number;
  readonly url: string;
};
/** A running ledger server as others may use it: to read. */
export type LedgerNote = ServerNote & { readonly reader: string };
/** A running messaging layer. */
export type VineNote = ServerNote;

/** Finds nats-server, or fetches it once. */
export async function natsBinary(progress: (line: string) => void): Promise<string> {
  const found = await findNatsServer({ onProgress: progress });
  for (const warning of found.warnings) progress(warning);
  return found.path;
}

/**
 * Starts the ledger's server on a data directory and leaves a note for commands that attach.
 * @throws CliError when another process has the directory
 */
export async function startLedger(data: DataDir, binary: string): Promise<LedgerServer> {
  const held = await runningLedger(data);
  if (held !== undefined)
    throw new CliError(
      'failed',
      `${data.path} is in use: its ledger server runs as process ${held.pid}`,
    );
  await finishSwap(data);
  const runDir = join(data.run, 'ledger');
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const server = await startLedgerServer({ binary, dir: data.ledger, runDir, lockWaitMs }).catch(
    (error: unknown) => {
      throw inUse(error, data);
    },
  );
  const note: LedgerNote = { ...(await noteOf(server)), reader: server.seeds.reader };
  await leaveNote(data, 'ledger', note);
  void server.exited.then(() => removeNote(data, 'ledger', note));
  return server;
}

/** Starts the messaging layer of a data directory, and leaves a note of where it is. */
export async function startVine(data: DataDir, binary: string): Promise<NatsServer> {
  const config = await readFile(join(data.vine, vineConfigFile), 'utf8');
  const options = { binary, dir: data.vine, config, lockWaitMs };
  const server = await startVineServer(options).catch((error: unknown) => {
    throw inUse(error, data);
  });
  await mkdir(data.run, { recursive: true, mode: 0o700 });
  const note: VineNote = await noteOf(server);
  await leaveNote(data, 'vine', note);
  void server.exited.then(() => removeNote(data, 'vine', note));
  return server;
}

/** Keeps the messaging layer's configuration, which holds no secret, for every later start. */
export async function keepVineConfig(data: DataDir, config: string): Promise<void> {
  await mkdir(data.vine, { recursive: true, mode: 0o700 });
  await writeFileSafely(join(data.vine, vineConfigFile), config);
}

/** The ledger server that runs on this directory; `undefined` when none does. */
export async function runningLedger(data: DataDir): Promise<LedgerNote | undefined> {
  return running(await readNote<LedgerNote>(data, 'ledger'));
}

/** The messaging layer that runs on this directory; `undefined` when none does. */
export async function runningVine(data: DataDir): Promise<VineNote | undefined> {
  return running(await readNote<VineNote>(data, 'vine'));
}

/** Connects to a ledger server as one of its users. */
export function connectLedger(url: string, seed: string): Promise<NatsConnection> {
  return connect({
    servers: url,
    authenticator: nkeyAuthenticator(utf8(seed)),
    maxReconnectAttempts: 20,
    reconnectTimeWait: 100,
  });
}

async function noteOf({ pid, url }: NatsServer): Promise<ServerNote> {
  return { pid, began: await beganAt(pid), starter: process.pid, url };
}

/**
 * The server of a note, where it still runs. One whose starter was killed holds its store for a moment
 * longer: whoever comes next waits for the store's lock, and does not attach to what is ending.
 */
async function running<T extends ServerNote>(note: T | undefined): Promise<T | undefined> {
  if (note === undefined || (await beganAt(note.starter)) === '') return undefined;
  return (await beganAt(note.pid)) === note.began ? note : undefined;
}

function inUse(error: unknown, data: DataDir): unknown {
  if (!(error instanceof NatsServerError) || error.code !== 'LOCKED') return error;
  return new CliError('failed', `${data.path} is in use by another process`, error);
}

function noteFile(data: DataDir, name: string): string {
  return join(data.run, `${name}.json`);
}

async function leaveNote(data: DataDir, name: string, note: object): Promise<void> {
  await writeFileSafely(noteFile(data, name), `${JSON.stringify(note)}\n`);
}

/** Takes a note away, unless another server has left its own there since. */
async function removeNote(data: DataDir, name: string, note: ServerNote): Promise<void> {
  const found = await readNote<ServerNote>(data, name);
  if (found?.pid !== note.pid || found.began !== note.began) return;
  await rm(noteFile(data, name), { force: true }).catch(() => undefined);
}

async function readNote<T>(data: DataDir, name: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(noteFile(data, name), 'utf8')) as T;
  } catch {
    return undefined;
  }
}
