/* The built program as a child process, as a person would start it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { passphrase } from '../harness.ts';
import { until } from './until.ts';

const main = join(import.meta.dirname, '../../dist/cli/main.js');
const logLines = 40;

/** A `cambium` command that runs. */
export type Cambium = {
  readonly pid: number;
  /** Its last lines on standard output and error. */
  log(): string;
  /** Whether it has printed a line that holds `text`. */
  said(text: string): boolean;
  running(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
};

/**
 * Starts `cambium <args>`; dies with this process at the latest.
 * @param wrapper - program and arguments that are to run it
 */
export function startCambium(
  args: readonly string[],
  stateFolder: string,
  wrapper: readonly string[] = [],
): Cambium {
  const env = { ...process.env, CAMBIUM_PIN: passphrase, CAMBIUM_STATE: stateFolder };
  const bound = ['setpriv', '--pdeathsig', 'KILL', ...wrapper, process.execPath, main, ...args];
  const [program = '', ...rest] = bound;
  return watch(spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Starts `cambium <args>` and waits until it says `text`. */
export async function startUntil(
  text: string,
  args: readonly string[],
  stateFolder: string,
  wrapper?: readonly string[],
): Promise<Cambium> {
  const child = startCambium(args, stateFolder, wrapper);
  await until(
    `cambium ${args[0]} says "${text}"`,
    () => child.said(text) || failed(child),
    60_000,
    () => child.log(),
  );
  return child;
}

function failed(child: Cambium): false {
  if (!child.running()) throw new Error(`it ended:\n${child.log()}`);
  return false;
}

function watch(child: ChildProcess): Cambium {
  const lines: string[] = [];
  let text = '';
  let running = true;
  const hear = (chunk: string): void => {
    text = (text + chunk).slice(-20_000);
    lines.push(...chunk.split('\n').filter((line) => line !== ''));
    lines.splice(0, lines.length - logLines);
  };
  child.stdout?.setEncoding('utf8').on('data', hear);
  child.stderr?.setEncoding('utf8').on('data', hear);
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => {
      running = false;
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? -1,
    log: () => lines.join('\n'),
    said: (wanted) => text.includes(wanted),
    running: () => running,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
