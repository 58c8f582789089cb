import { setTimeout as sleep } from 'node:timers/promises';
import type { CallSession } from './call-session.ts';
import { type AskFrame, encodeFrame, type HandlerFrame } from './frames.ts';
import { type HandlerChild, startChild } from './handler-child.ts';
import type { HandlerCall } from './handler-port.ts';
import type { LoadedHandler } from './manifest-loader.ts';
import type { Sandbox } from './sandbox.ts';

const inFlightMax = 64;
const firstBackoffMs = 100;
const lastBackoffMs = 5000;
const leaveTimeoutMs = 1000;

/** What a process needs besides its handler. */
export type ProcessOptions = {
  readonly sandbox: Sandbox;
  onLog(line: string): void;
};

/**
 * One handler kept warm: its process is started before the first call, or by it, and again by the
 * next call after it ended. Calls share it; when it ends, all of them do.
 */
export class HandlerProcess {
  readonly #handler: LoadedHandler;
  readonly #options: ProcessOptions;
  readonly #sessions = new Map<string, CallSession>();
  readonly #waiting: (() => void)[] = [];
  #child: Promise<HandlerChild> | undefined;
  #inFlight = 0;
  /** Ends of the process since the last good result. */
  #failures = 0;
  readonly #stopping = new AbortController();

  constructor(handler: LoadedHandler, options: ProcessOptions) {
    this.#handler = handler;
    this.#options = options;
  }

  /**
   * Starts the process where it does not run.
   * @throws HandlerError START_FAILED
   */
  async warm(): Promise<void> {
    await this.#running();
  }

  /** Runs one call; every way it can go ends the session. */
  async run(session: CallSession): Promise<void> {
    await this.#slot();
    try {
      await this.#runOn(await this.#running(), session);
    } catch (error) {
      session.fail('failed', error instanceof Error ? error.message : String(error));
    } finally {
      this.#inFlight -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Ends the process and what runs in it; there is no start after this. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the vault stopped'));
    for (const session of this.#sessions.values()) session.fail('failed', 'the vault stopped');
    const child = await this.#child?.catch(() => undefined);
    if (child === undefined) return;
    child.leave();
    const timer = setTimeout(() => child.kill('it did not leave'), leaveTimeoutMs);
    await child.gone;
    clearTimeout(timer);
  }

  async #slot(): Promise<void> {
    this.#inFlight += 1;
    if (this.#inFlight <= inFlightMax) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async #runOn(child: HandlerChild, session: CallSession): Promise<void> {
    const { call } = session;
    const lost = child.reason();
    if (lost !== undefined) throw new Error(lost);
    if (this.#sessions.has(call.call)) throw new Error('a call of this id runs already');
    const { timeMs } = this.#handler.manifest.limits;
    this.#sessions.set(call.call, session);
    const timer = setTimeout(() => {
      session.fail('timeout', `no result within ${timeMs} ms`);
      child.kill('another call ran out of time');
    }, timeMs);
    try {
      child.send(callFrame(call));
      const { code } = await session.outcome;
      if (code === 'ok') this.#failures = 0;
    } finally {
      clearTimeout(timer);
      this.#sessions.delete(call.call);
    }
  }

  #running(): Promise<HandlerChild> {
    this.#stopping.signal.throwIfAborted();
    this.#child ??= this.#start();
    return this.#child;
  }

  async #start(): Promise<HandlerChild> {
    try {
      if (this.#failures > 1) {
        const backoffMs = Math.min(firstBackoffMs * 2 ** (this.#failures - 2), lastBackoffMs);
        await sleep(backoffMs, undefined, { signal: this.#stopping.signal });
      }
      const child = await startChild(this.#handler, this.#options.sandbox, {
        onFrame: (frame, from) => this.#heard(from, frame),
        onLog: this.#options.onLog,
      });
      void child.ended.then((reason) => this.#ended(reason));
      return child;
    } catch (error) {
      this.#failures += 1;
      this.#child = undefined;
      throw error;
    }
  }

  #ended(reason: string): void {
    this.#failures += 1;
    this.#child = undefined;
    for (const session of this.#sessions.values()) session.fail('failed', reason);
  }

  #heard(child: HandlerChild, frame: HandlerFrame): void {
    const session = frame.kind === 'hello' ? undefined : this.#sessions.get(frame.call);
    if (session === undefined) throw new TypeError(`${frame.kind}: for no running call`);
    switch (frame.kind) {
      case 'hello':
        return;
      case 'ask':
        void this.#answer(child, session, frame);
        return;
      case 'result':
        session.result(frame.result, frame.effects);
        this.#sessions.delete(frame.call);
        return;
      case 'error':
        this.#sessions.delete(frame.call);
        // Its own words may hold a value, so they go to its log and not into the ledger.
        this.#options.onLog(`gave up: ${frame.message.slice(0, 500)}`);
        session.fail('failed', 'the handler gave up; its log says why');
        return;
    }
  }

  async #answer(child: HandlerChild, session: CallSession, frame: AskFrame): Promise<void> {
    try {
      const answer = await session.answer(frame);
      if (this.#sessions.get(frame.call) === session) child.send(answer);
    } catch (error) {
      child.kill(`breach of protocol: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** @throws RangeError when the payload is too large for a frame */
function callFrame({ call, type, event, vault, connection, party }: HandlerCall): Uint8Array {
  const { id, time, payload } = event;
  const part = { id, time, payload };
  return encodeFrame({ kind: 'call', call, type, event: part, vault, connection, party });
}
