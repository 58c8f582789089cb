import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { lockConflictExitCode, lockedCommand } from '../bus/locked-command.ts';
import { NatsServerError } from '../bus/nats-server-error.ts';
import { makeFolder } from '../files/durable-file.ts';
import { WitnessError } from './witness-error.ts';

/** A kernel lock on a folder, which ends with this process however it ends. */
export type FolderLock = {
  /** Settles when the lock is no longer held, for whatever reason. */
  readonly ended: Promise<void>;
  /** Whether it still is. */
  held(): boolean;
  release(): Promise<void>;
};

/** The lock of a process that was killed a moment ago is let go of in this time. */
const lockWaitMs = 1000;
// Says that it holds the lock, and waits for the end of its input.
const holder = ['/bin/sh', '-c', 'echo held; read -r _'] as const;

/**
 * Locks a folder against other processes; it is made if it is absent.
 * @throws WitnessError LOCKED, UNSUPPORTED_PLATFORM
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await makeFolder(folder);
  const [program, ...args] = await commandFor(join(folder, 'lock'));
  const child = spawn(program, args, {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  let held = false;
  const ended = new Promise<number | null>((settle) => {
    child.once('error', () => settle(null));
    child.once('close', (code) => settle(code));
  }).then((code) => {
    held = false;
    return code;
  });
  child.stdin.on('error', () => undefined);
  const said = new Promise<'held'>((settle) => {
    child.stdout.once('data', () => settle('held'));
  });
  const first = await Promise.race([said, ended]);
  if (first !== 'held') throw refusal(folder, first);
  held = true;
  return {
    ended: ended.then(() => undefined),
    held: () => held,
    release: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

async function commandFor(lock: string): Promise<[string, ...string[]]> {
  try {
    return await lockedCommand([...holder], { lock, lockWaitMs });
  } catch (error) {
    if (!(error instanceof NatsServerError)) throw error;
    throw new WitnessError(
      'UNSUPPORTED_PLATFORM',
      'a witness needs Linux with util-linux (flock and setpriv), or two could sign two histories',
      error,
    );
  }
}

function refusal(folder: string, code: number | null): WitnessError {
  if (code === lockConflictExitCode)
    return new WitnessError('LOCKED', `another witness serves from ${folder}`);
  return new WitnessError('UNSUPPORTED_PLATFORM', `${folder} cannot be locked (code ${code})`);
}
