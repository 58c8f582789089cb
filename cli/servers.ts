import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { type LedgerServer, startLedgerServer } from '../core/bus/ledger-server.ts';
import { findNatsServer } from '../core/bus/nats-binary.ts';
import type { NatsServer } from '../core/bus/nats-server.ts';
import { NatsServerError } from '../core/bus/nats-server-error.ts';
import { startVineServer } from '../core/bus/vine/vine-server.ts';
import { utf8 } from '../wire/bytes.ts';
import { CliError } from './cli-error.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';

const vineConfigFile = 'vine.conf';
const lockWaitMs = 10_000;

/** A running ledger server as others may use it: to read. */
export type LedgerNote = { readonly pid: number; readonly url: string; readonly reader: string };
/** A running messaging layer. */
export type VineNote = { readonly pid: number; readonly url: string };

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
  const held = await readNote<LedgerNote>(data, 'ledger');
  if (held !== undefined && alive(held.pid))
    throw new CliError(
      'failed',
      `${data.path} is in use: its ledger server runs as process ${held.pid}`,
    );
  const runDir = join(data.run, 'ledger');
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const server = await startLedgerServer({ binary, dir: data.ledger, runDir, lockWaitMs }).catch(
    (error: unknown) => {
      throw inUse(error, data);
    },
  );
  await leaveNote(data, 'ledger', {
    pid: server.pid,
    url: server.url,
    reader: server.seeds.reader,
  } satisfies LedgerNote);
  void server.exited.then(() => removeNote(data, 'ledger'));
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
  await leaveNote(data, 'vine', { pid: server.pid, url: server.url } satisfies VineNote);
  void server.exited.then(() => removeNote(data, 'vine'));
  return server;
}

/** Keeps the messaging layer's configuration, which holds no secret, for every later start. */
export async function keepVineConfig(data: DataDir, config: string): Promise<void> {
  await mkdir(data.vine, { recursive: true, mode: 0o700 });
  await writeFileSafely(join(data.vine, vineConfigFile), config);
}

/** The ledger server that runs on this directory; `undefined` when none does. */
export async function runningLedger(data: DataDir): Promise<LedgerNote | undefined> {
  const note = await readNote<LedgerNote>(data, 'ledger');
  return note !== undefined && alive(note.pid) ? note : undefined;
}

/** The messaging layer that runs on this directory; `undefined` when none does. */
export async function runningVine(data: DataDir): Promise<VineNote | undefined> {
  const note = await readNote<VineNote>(data, 'vine');
  return note !== undefined && alive(note.pid) ? note : undefined;
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

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
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

async function removeNote(data: DataDir, name: string): Promise<void> {
  await rm(noteFile(data, name), { force: true }).catch(() => undefined);
}

async function readNote<T>(data: DataDir, name: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(noteFile(data, name), 'utf8')) as T;
  } catch {
    return undefined;
  }
}
