import { constants } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type HeldLock, holdLock } from '../core/bus/held-lock.ts';
import { startLedgerServer } from '../core/bus/ledger-server.ts';
import { NatsServerError } from '../core/bus/nats-server-error.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { valuesOf } from '../ledger/ring-copy.ts';
import { jetStreamRing, type KeptValue } from '../ledger/ring-store.ts';
import { CliError } from './cli-error.ts';
import type { DataDir, VaultCard } from './data-dir.ts';
import { dropLeftovers } from './ledger-swap.ts';
import { runningLedger } from './notes.ts';
import { connectLedger } from './servers.ts';

/** Another command may have it for a moment. */
const lockWaitMs = 10_000;

/** What can be read of a ledger that may be damaged. */
export type ExaminedLedger = {
  /** `undefined` when nothing can be read. */
  readonly store: CommitStore | undefined;
  /** Why nothing can be read of store or ring. */
  readonly storeFault?: string;
  /** What the keyring keeps, wrapped; `undefined` when it has no root, or is not there. */
  readonly ring: readonly KeptValue[] | undefined;
  readonly ringFault?: string;
};

/**
 * Looks at a data directory's ledger without touching it: a server that starts on damaged files drops what
 * it cannot read, so it starts on a copy. Nobody else can start one on the files meanwhile.
 * @throws CliError when somebody uses them
 */
export async function withExamined<T>(
  data: DataDir,
  card: VaultCard,
  binary: string,
  use: (examined: ExaminedLedger) => Promise<T>,
): Promise<T> {
  await mkdir(data.ledger, { recursive: true, mode: 0o700 });
  const lock = await lockOf(data);
  const copy = join(data.run, `examined-${process.pid}`);
  try {
    await dropLeftovers(data);
    // Where the file system can share blocks, a copy takes no room.
    const store = join(copy, 'store');
    await cp(data.ledger, store, { recursive: true, mode: constants.COPYFILE_FICLONE });
    return await onServer(binary, copy, card, use);
  } finally {
    await rm(copy, { recursive: true, force: true });
    await lock.release();
  }
}

async function lockOf(data: DataDir): Promise<HeldLock> {
  if ((await runningLedger(data)) !== undefined)
    throw new CliError('failed', `${data.path} is in use: stop the vault first`);
  try {
    return await holdLock(join(data.ledger, 'lock'), lockWaitMs);
  } catch (error) {
    if (!(error instanceof NatsServerError) || error.code !== 'LOCKED') throw error;
    throw new CliError('failed', `${data.path} is in use by another process`, error);
  }
}

async function onServer<T>(
  binary: string,
  copy: string,
  card: VaultCard,
  use: (examined: ExaminedLedger) => Promise<T>,
): Promise<T> {
  const options = { binary, dir: join(copy, 'store'), runDir: join(copy, 'run') };
  const server = await startLedgerServer(options).catch(unstartable);
  if (typeof server === 'string') {
    const fault = `no server starts on its files: ${server}`;
    return use({ store: undefined, storeFault: fault, ring: undefined, ringFault: fault });
  }
  try {
    const nc = await connectLedger(server.url, server.seeds.reader);
    try {
      return await use(await examine(nc, card.vault));
    } finally {
      await nc.close();
    }
  } finally {
    await server.stop();
  }
}

async function examine(nc: NatsConnection, vault: string): Promise<ExaminedLedger> {
  const store = await jetStreamStore(nc, vault);
  const [there, ring] = await Promise.all([
    store.last().then(() => undefined, lost),
    jetStreamRing(nc, vault)
      .then((kept) => kept.read())
      .then(valuesOf)
      .catch(lost),
  ]);
  return {
    ...(there === undefined ? { store } : { store: undefined, storeFault: there }),
    ...(typeof ring === 'string' ? { ring: undefined, ringFault: ring } : { ring }),
  };
}

/** The server has no such stream, or what is in it is no ring: a word about it. Anything else is an error. */
function lost(error: unknown): string {
  if (error instanceof JetStreamApiError) return error.message;
  if (error instanceof LedgerError && error.code === 'RING_MALFORMED') return error.message;
  throw error;
}

function unstartable(error: unknown): string {
  if (error instanceof NatsServerError && /^(START_FAILED|TIMEOUT)$/.test(error.code))
    return error.message.split('\n')[0] ?? error.code;
  throw error;
}
