import { spawn } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockConflictExitCode, lockedCommand } from './locked-command.ts';
import { NatsServerError } from './nats-server-error.ts';
import {
  accepts,
  dropConfig,
  publishConfig,
  readLog,
  readPorts,
  type ServerPorts,
  writeConfig,
} from './nats-server-files.ts';

/** What `startNatsServer` needs to know. */
export type NatsServerOptions = {
  /** The `nats-server` program. */
  readonly binary: string;
  /** Folder of its configuration and ports file; made if absent, mode 0700. */
  readonly dir: string;
  /** Configuration without host, port, ports_file_dir and server_name: those are set here. */
  readonly config: string;
  /** Server name; must not contain a quote or a line break. */
  readonly name: string;
  /** File whose kernel lock the server holds for as long as it lives. */
  readonly lock?: string;
  /** How long to wait for the lock before `LOCKED`, in milliseconds; 0 (the default) does not wait. */
  readonly lockWaitMs?: number;
  /** How long it may take to be ready once it holds the lock, in milliseconds. */
  readonly readyWaitMs?: number;
};

/** A running `nats-server` child on loopback. */
export type NatsServer = {
  /** `nats://127.0.0.1:<port>`. */
  readonly url: string;
  /** `ws://127.0.0.1:<port>`, when the configuration has a websocket listener. */
  readonly websocketUrl?: string;
  readonly pid: number;
  /** Resolves, never rejects, when the process has ended, for whatever reason. */
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  /** Ends it, gently and after 5 s by force; resolves when it has ended. May be called again. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
};

/** A child under observation. `words`: its last lines on standard error; once it is up, it logs into its file. */
type WatchedChild = {
  readonly pid: number;
  readonly exited: NatsServer['exited'];
  readonly ended: () => boolean;
  readonly words: readonly string[];
  readonly kill: (signal: NodeJS.Signals) => void;
};

const readyWaitMs = 60_000;
const stopWaitMs = 5_000;
const pollMs = 5;
const keptLines = 20;

/**
 * Starts `nats-server` on a free loopback port and waits until it accepts connections.
 *
 * The process itself holds the lock, so two servers cannot run on one store directory, and none
 * outlives its parent: not even a parent that dies of SIGKILL. It dies with the thread that called,
 * and does not see the terminal's Ctrl-C: whoever started it stops it.
 * @throws NatsServerError LOCKED, START_FAILED, TIMEOUT or UNSUPPORTED_PLATFORM
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const configFile = await writeConfig(dir, options.name, options.config);
  try {
    const [program, ...args] = await lockedCommand([options.binary, '-c', configFile], options);
    const child = watch(program, args, dir);
    const ports = await untilReady(child, options, dir);
    await publishConfig(configFile, dir);
    return handle(child, ports);
  } catch (error) {
    await dropConfig(configFile);
    throw error;
  }
}

function watch(program: string, args: readonly string[], cwd: string): WatchedChild {
  const child = spawn(program, args, {
    cwd,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
    // A session of its own, or Ctrl-C would end the server before the vault has closed.
    detached: true,
  });
  const words: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (words.push(line) > keptLines) words.shift();
  });
  const end = { reached: false };
  const exited = new Promise<{ code: number | null; signal: string | null }>((settle) => {
    const ended = (code: number | null, signal: string | null) => {
      end.reached = true;
      settle({ code, signal });
    };
    child.once('error', () => ended(null, null));
    // `close`, not `exit`: its last words have been read by then.
    child.once('close', ended);
  });
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  return { pid: child.pid ?? -1, exited, ended: () => end.reached, words, kill };
}

async function untilReady(
  child: WatchedChild,
  options: NatsServerOptions,
  dir: string,
): Promise<ServerPorts> {
  const waitMs = (options.lockWaitMs ?? 0) + (options.readyWaitMs ?? readyWaitMs);
  const deadline = performance.now() + waitMs;
  while (!child.ended()) {
    const ports = await readPorts(dir, child.pid);
    if (ports !== undefined && (await accepts(ports.nats, 1000))) return ports;
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      await child.exited;
      const text = `nats-server "${options.name}" was not ready after ${waitMs} ms`;
      throw new NatsServerError('TIMEOUT', text, await lastLines(child, dir));
    }
    await Promise.race([sleep(pollMs), child.exited]);
  }
  throw failure(await child.exited, options, await lastLines(child, dir));
}

async function lastLines(child: WatchedChild, dir: string): Promise<string[]> {
  return [...(await readLog(dir, child.pid)), ...child.words].slice(-keptLines);
}

function failure(
  { code, signal }: Awaited<NatsServer['exited']>,
  options: NatsServerOptions,
  log: readonly string[],
): NatsServerError {
  if (options.lock !== undefined && code === lockConflictExitCode) {
    return new NatsServerError('LOCKED', `another process holds ${options.lock}`);
  }
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  const text = `nats-server "${options.name}" ${how} before it was ready`;
  return new NatsServerError('START_FAILED', text, log);
}

function handle(child: WatchedChild, ports: ServerPorts): NatsServer {
  const stop = async (): Promise<void> => {
    if (child.ended()) return;
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), stopWaitMs);
    await child.exited;
    clearTimeout(force);
  };
  const { pid, exited, kill } = child;
  const server = { url: ports.nats, pid, exited, stop, kill };
  return ports.websocket === undefined ? server : { ...server, websocketUrl: ports.websocket };
}
