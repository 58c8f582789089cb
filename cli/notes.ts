import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsServer } from '../core/bus/nats-server.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';
import { beganAt } from './process-start.ts';

/**
 * How long a server is meant to stay: others attach to one that a vault runs on, and wait for one
 * that a command needs for a moment, since it ends under their hands.
 */
export type Stay = 'lasting' | 'brief';

/** A running server, as it is noted in the data directory. */
export type ServerNote = {
  readonly pid: number;
  /** When that process began, in the kernel's words: ids of processes come round again. */
  readonly began: string;
  /** Process that started it. A server whose starter is gone is about to end. */
  readonly starter: number;
  readonly url: string;
  readonly stay: Stay;
};
/** A running ledger server as others may use it: to read. */
export type LedgerNote = ServerNote & { readonly reader: string };
/** A running messaging layer. */
export type VineNote = ServerNote;

const pollMs = 50;

type Name = 'ledger' | 'vine';

/** The ledger server that one may attach to; `undefined` when there is none on this directory. */
export async function runningLedger(data: DataDir): Promise<LedgerNote | undefined> {
  return lasting(await readNote<LedgerNote>(data, 'ledger'));
}

/** The messaging layer that one may attach to; `undefined` when there is none on this directory. */
export async function runningVine(data: DataDir): Promise<VineNote | undefined> {
  return lasting(await readNote<VineNote>(data, 'vine'));
}

/** The messaging layer that one may attach to, if need be once it has come up. */
export async function vineWithin(data: DataDir, waitMs: number): Promise<VineNote | undefined> {
  for (const deadline = performance.now() + waitMs; ; await sleep(pollMs)) {
    const note = await runningVine(data);
    if (note !== undefined || performance.now() > deadline) return note;
  }
}

/** Leaves a note of a server for as long as it runs. The folder `run` has to be there. */
export async function noteServer(
  data: DataDir,
  name: Name,
  server: NatsServer,
  more: { readonly stay: Stay; readonly reader?: string },
): Promise<void> {
  const { pid, url } = server;
  const note: ServerNote = {
    pid,
    began: await beganAt(pid),
    starter: process.pid,
    url,
    ...more,
  };
  await writeFileSafely(noteFile(data, name), `${JSON.stringify(note)}\n`);
  void server.exited.then(() => removeNote(data, name, note));
}

/**
 * The server of a note, where it still runs. One whose starter was killed holds its store for a moment
 * longer: whoever comes next waits for the store's lock, and does not attach to what is ending.
 */
async function lasting<T extends ServerNote>(note: T | undefined): Promise<T | undefined> {
  if (note === undefined || note.stay === 'brief') return undefined;
  if ((await beganAt(note.starter)) === '') return undefined;
  return (await beganAt(note.pid)) === note.began ? note : undefined;
}

function noteFile(data: DataDir, name: Name): string {
  return join(data.run, `${name}.json`);
}

/** Takes a note away, unless another server has left its own there since. */
async function removeNote(data: DataDir, name: Name, note: ServerNote): Promise<void> {
  const found = await readNote<ServerNote>(data, name);
  if (found?.pid !== note.pid || found.began !== note.began) return;
  await rm(noteFile(data, name), { force: true }).catch(() => undefined);
}

async function readNote<T>(data: DataDir, name: Name): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(noteFile(data, name), 'utf8')) as T;
  } catch {
    return undefined;
  }
}
