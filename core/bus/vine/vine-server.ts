import { join } from 'node:path';
import { type NatsServer, startNatsServer } from '../nats-server.ts';

/** What `startVineServer` needs to know. */
export type VineServerOptions = {
  /** The `nats-server` program. */
  readonly binary: string;
  /** Folder of the vine; relative paths in its configuration start here. */
  readonly dir: string;
  /** What `vineConfig` returned, now or at an earlier start. */
  readonly config: string;
  /** How long to wait for another vine on `dir` to end, in milliseconds; 0 by default. */
  readonly lockWaitMs?: number;
};

/**
 * Starts the messaging layer on a free loopback port. No key is needed, and none is read.
 * @throws NatsServerError LOCKED when a vine runs on `dir` already; START_FAILED; TIMEOUT
 */
export function startVineServer(options: VineServerOptions): Promise<NatsServer> {
  return startNatsServer({ ...options, name: 'vine', lock: join(options.dir, 'vine.lock') });
}
