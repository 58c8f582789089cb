import { resolve } from 'node:path';
import { NatsServerError } from './nats-server-error.ts';
import { findOnPath } from './process-tools.ts';

/** Exit code by which a locked command says that another process holds the lock. */
export const lockConflictExitCode = 73;

/** The lock that a command runs under. */
export type CommandLock = {
  /** Lock file; created if absent, never removed. */
  readonly lock?: string | undefined;
  /** How long to wait for it, in milliseconds. */
  readonly lockWaitMs?: number | undefined;
};

// $0 is the parent's id. Dying with the parent is asked for first; if the parent had died even before that, the shell
// sees a stranger as its parent.
const shell = '[ "$PPID" = "$0" ] || exit 74; exec "$@"';

/**
 * Wraps `command` so that the process it becomes dies with its parent, and holds the kernel lock on
 * a file until its own end. Each wrapper replaces itself, so the process id stays the same.
 * @returns program and arguments, to be spawned by this process; a conflict ends it with `lockConflictExitCode`
 * @throws NatsServerError UNSUPPORTED_PLATFORM when the machine has no `flock` or `setpriv`
 */
export async function lockedCommand(
  command: readonly [string, ...string[]],
  { lock, lockWaitMs = 0 }: CommandLock,
): Promise<[string, ...string[]]> {
  const setpriv = await utility('setpriv');
  const flock = await utility('flock');
  const wait = lockWaitMs > 0 ? ['--wait', String(lockWaitMs / 1000)] : ['--nonblock'];
  const conflict = ['--conflict-exit-code', String(lockConflictExitCode)];
  const locked =
    lock === undefined ? [] : [flock, '--no-fork', ...wait, ...conflict, resolve(lock)];
  const dying = [setpriv, '--pdeathsig', 'TERM', '/bin/sh', '-c', shell, String(process.pid)];
  return [...dying, ...locked, ...command] as [string, ...string[]];
}

async function utility(name: string): Promise<string> {
  const { PATH = '' } = process.env;
  const found =
    process.platform === 'linux'
      ? await findOnPath(name, `${PATH}:/usr/bin:/bin:/usr/sbin:/sbin`)
      : undefined;
  if (found !== undefined) return found;
  throw new NatsServerError(
    'UNSUPPORTED_PLATFORM',
    `an embedded nats-server needs Linux with util-linux (${name} was not found on this ${process.platform} machine), ` +
      'or two servers could write one store: start nats-server yourself and name it with --vine URL and --ledger URL',
  );
}
