import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogLines } from '../host/log-lines.ts';
import { answerBytesMax, type Posted } from './add-checkpoint.ts';
import {
  createFrameReader,
  encodeFrame,
  parseRelayAnswer,
  type RelayAnswer,
} from './relay-frames.ts';

/** How a relay is run. */
export type RelayOptions = {
  /** The built program; by default the one beside this file. */
  readonly program?: string;
  /** For one whole exchange. */
  readonly timeoutMs?: number;
  readonly onLog?: (line: string) => void;
};

/** Posts for the vault, in a process of its own. */
export type Relay = {
  /** Never rejects. Starts the process where it does not run. */
  post(url: string, body: string): Promise<Posted>;
  /** Ends the process; posts after this fail. */
  close(): Promise<void>;
};

const inFlightMax = 16;
/** How much longer than its own limit the relay is waited for. */
const graceMs = 1000;
const leaveTimeoutMs = 1000;
const heapMiB = 64;

type Child = {
  readonly process: ChildProcessWithoutNullStreams;
  readonly waiting: Map<number, (posted: Posted) => void>;
  readonly gone: Promise<void>;
};

/** A relay that is started by the first post, and again by the next one after it ended. */
export function createRelay(options: RelayOptions = {}): Relay {
  const { timeoutMs = 10_000 } = options;
  let child: Child | undefined;
  let closed = false;
  let nextId = 0;
  const running = (): Child => {
    if (child === undefined) {
      const started = startChild(options);
      child = started;
      void started.gone.then(() => {
        if (child === started) child = undefined;
      });
    }
    return child;
  };
  return {
    post: async (url, body) => {
      if (closed) return failed('the relay is closed');
      const current = running();
      if (current.waiting.size >= inFlightMax) return failed('too many posts at once');
      nextId += 1;
      const request = { id: nextId, url, body, timeoutMs, answerBytesMax };
      return exchange(current, request.id, encodeFrame(request), timeoutMs);
    },
    close: async () => {
      closed = true;
      if (child === undefined) return;
      const leaving = child;
      leaving.process.stdin.end();
      const timer = setTimeout(() => leaving.process.kill('SIGKILL'), leaveTimeoutMs);
      await leaving.gone;
      clearTimeout(timer);
    },
  };
}

function exchange(child: Child, id: number, frame: Uint8Array, timeoutMs: number): Promise<Posted> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      // It did not keep its own limit, so it hangs; what else it had to do fails with it.
      child.process.kill('SIGKILL');
    }, timeoutMs + graceMs);
    child.waiting.set(id, (posted) => {
      clearTimeout(timer);
      child.waiting.delete(id);
      resolve(posted);
    });
    child.process.stdin.write(frame);
  });
}

function startChild({ program, onLog = () => undefined }: RelayOptions): Child {
  const file = program ?? fileURLToPath(new URL('./witness-relay.js', import.meta.url));
  // A session of its own: an interrupt at the vault's terminal is the vault's to handle.
  const started = spawn(process.execPath, [...fences(dirname(file)), file], {
    env: {},
    detached: true,
    stdio: 'pipe',
  });
  const waiting: Child['waiting'] = new Map();
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      for (const settle of waiting.values()) settle(failed('the relay ended'));
      resolve();
    };
    started.once('error', end).once('close', end);
  });
  const read = createFrameReader((document) => {
    const said = parseRelayAnswer(document);
    const settle = said && waiting.get(said.id);
    if (said === undefined || settle === undefined) throw new TypeError('not an answer');
    settle(postedFrom(said));
  });
  started.stdout.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch {
      started.kill('SIGKILL');
    }
  });
  started.stderr.setEncoding('utf8').on('data', createLogLines(onLog));
  // Its input breaks when it dies; the end itself is told by `close`.
  started.stdin.on('error', () => undefined);
  return { process: started, waiting, gone };
}

/** Node's own fence: no files but its program's, no child processes, no workers, no addons. */
function fences(folder: string): string[] {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  return [
    permission,
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    '--no-addons',
    `--max-old-space-size=${heapMiB}`,
    `--allow-fs-read=${folder}/*`,
  ];
}

function postedFrom(said: RelayAnswer): Posted {
  if ('error' in said) return failed(said.error);
  const { status, type, body } = said;
  return { ok: true, answer: { status, type, body } };
}

function failed(detail: string): Posted {
  return { ok: false, detail };
}
