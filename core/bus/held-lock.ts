import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lockConflictExitCode, lockedCommand } from './locked-command.ts';
import { NatsServerError } from './nats-server-error.ts';

/** A lock that is held. */
export type HeldLock = {
  /** Lets go of it; resolves when others can have it. */
  release(): Promise<void>;
};

/**
 * Holds the kernel lock that a server would hold, without a server: so that none starts on a store
 * while it is looked at or replaced. Ends with this process, whatever ends that.
 * @param file - created if absent, never removed
 * @param waitMs - how long to wait for whoever has it
 * @throws NatsServerError LOCKED, UNSUPPORTED_PLATFORM
 */
export async function holdLock(file: string, waitMs = 0): Promise<HeldLock> {
  const waiting = ['/bin/sh', '-c', 'echo held; exec cat'] as const;
  const [program, ...args] = await lockedCommand(waiting, { lock: file, lockWaitMs: waitMs });
  const child = spawn(program, args, {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(child, 'close');
  const held = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    ended.then(() => false),
  ]);
  if (!held) {
    const [code] = (await ended) as [number | null];
    if (code === lockConflictExitCode)
      throw new NatsServerError('LOCKED', `another process holds ${file}`);
    throw new NatsServerError('START_FAILED', `${file} cannot be locked`);
  }
  return {
    release: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
