import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createFrameReader, encodeFrame, type HandlerFrame, protocols } from './frames.ts';
import { HandlerError } from './handler-error.ts';
import { createLogLines } from './log-lines.ts';
import type { LoadedHandler } from './manifest-loader.ts';
import type { Sandbox } from './sandbox.ts';
import { sandboxCommand } from './sandbox-command.ts';

/** Who hears what a child says. */
export type ChildListener = {
  /** A frame after the first. What this throws is the child's breach of protocol: it is killed. */
  onFrame(frame: HandlerFrame, child: HandlerChild): void;
  onLog(line: string): void;
};

/** One running handler process that has said who it is. */
export type HandlerChild = {
  /** Sends a frame's bytes. A child that does not read what it is sent is killed. */
  send(frame: Uint8Array): void;
  /** Kills it, for this reason. Nothing it said is heard any more. */
  kill(reason: string): void;
  /** Closes its input, at which it is to leave by itself. */
  leave(): void;
  /** Settles when it is killed or ends by itself, with the reason in words. */
  readonly ended: Promise<string>;
  /** That reason, as soon as there is one. */
  reason(): string | undefined;
  /** Settles once the process is gone. */
  readonly gone: Promise<void>;
};

const helloTimeoutMs = 5000;
const unreadBytesMax = 8 << 20;

/** A magic word, no secret: a program that was started by hand lacks it, and says so. */
const environment = {
  CAMBIUM_HANDLER_COOKIE: 'cambium-handler',
  MSGPACKR_NATIVE_ACCELERATION_DISABLED: 'true',
};

/**
 * Starts a handler's process and waits for its first frame.
 * @throws HandlerError START_FAILED
 */
export async function startChild(
  handler: LoadedHandler,
  sandbox: Sandbox,
  listener: ChildListener,
): Promise<HandlerChild> {
  const { manifest } = handler;
  let greeted: ((fault: string | undefined) => void) | undefined;
  const hello = new Promise<string | undefined>((resolve) => {
    greeted = resolve;
  });
  const child = connectChild(spawnProgram(handler, sandbox), {
    onLog: listener.onLog,
    onFrame: (frame, connected) => {
      if (greeted === undefined) return listener.onFrame(frame, connected);
      greeted(helloFault(frame, handler));
      greeted = undefined;
    },
  });
  const timer = setTimeout(() => child.kill('it did not say hello in time'), helloTimeoutMs);
  child.send(encodeFrame({ kind: 'hello', protocols }));
  const fault = await Promise.race([hello, child.ended]);
  clearTimeout(timer);
  if (fault === undefined) return child;
  child.kill(fault);
  throw new HandlerError('START_FAILED', fault, manifest.name);
}

function spawnProgram(handler: LoadedHandler, sandbox: Sandbox): ChildProcessWithoutNullStreams {
  const { file, args, cwd } = sandboxCommand(sandbox.kind, sandbox.tools, {
    ...handler.program,
    memoryMiB: handler.manifest.limits.memoryMiB,
  });
  // A session of its own: an interrupt at the vault's terminal is the vault's to handle.
  return spawn(file, args, { cwd, env: environment, detached: true, stdio: 'pipe' });
}

function helloFault(frame: HandlerFrame, { manifest }: LoadedHandler): string | undefined {
  if (frame.kind !== 'hello') return 'its first frame is no hello';
  const major = frame.protocol.split('.')[0];
  if (!protocols.some((version) => version.split('.')[0] === major)) {
    return 'it speaks another protocol';
  }
  if (frame.name !== manifest.name || frame.version !== manifest.version) {
    return 'it is not the program that its manifest names';
  }
  return undefined;
}

/** Ties frames and log to the streams of a process, and makes every end of it one `ended`. */
function connectChild(
  program: ChildProcessWithoutNullStreams,
  listener: ChildListener,
): HandlerChild {
  let reason: string | undefined;
  let settle: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    settle = resolve;
  });
  const end = (why: string): void => {
    reason ??= why;
    settle(reason);
  };
  const child: HandlerChild = {
    send(frame) {
      program.stdin.write(frame);
      if (program.stdin.writableLength > unreadBytesMax) child.kill('it does not read its input');
    },
    kill(why) {
      end(why);
      program.kill('SIGKILL');
    },
    leave: () => program.stdin.end(),
    ended,
    reason: () => reason,
    gone: new Promise((resolve) => {
      program.once('error', () => resolve()).once('close', () => resolve());
    }),
  };
  program.once('error', (error) => end(`it cannot be started: ${error.message}`));
  program.once('close', (code, signal) => end(`the process ended (${signal ?? `code ${code}`})`));
  hear(program, listener, child);
  return child;
}

function hear(
  program: ChildProcessWithoutNullStreams,
  listener: ChildListener,
  child: HandlerChild,
): void {
  const alive = (): boolean => child.reason() === undefined;
  const read = createFrameReader((frame) => {
    if (alive()) listener.onFrame(frame, child);
  });
  program.stdout.on('data', (chunk: Buffer) => {
    if (!alive()) return;
    try {
      read(chunk);
    } catch (error) {
      child.kill(`breach of protocol: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  program.stderr.setEncoding('utf8').on('data', createLogLines(listener.onLog));
  // Its input breaks when it dies; the end itself is told by `close`.
  program.stdin.on('error', () => undefined);
}
