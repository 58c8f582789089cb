import { randomBytes } from 'node:crypto';
import type { InstalledHandler } from '../../ledger/bodies.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { OpenRequest } from '../../projections/vault-state.ts';
import { type ArrivalHooks, handleArrival } from './arrivals.ts';
import { revoke } from './connections.ts';
import { type Arrival, readInbound, unreadable } from './inbound.ts';
import type { Batch } from './journal.ts';
import { Mailbox } from './mailbox.ts';
import type { InboundMessage } from './ports.ts';
import { Publisher } from './publisher.ts';
import { expireDue, expireRequest, finishRequest, nextEnd, runHandler } from './requests.ts';
import { Counter } from './strangers.ts';
import type { Turn, VaultParts } from './turn.ts';

const countedEveryMs = 60_000;
const sentWithinMs = 100;
const sentPerRecord = 1_000;
const timerMaxMs = 2 ** 31 - 1;
const waitingMax = 2_000;
/** How long a closing vault waits for handlers that run, and for the messaging layer. */
const runsWaitMs = 2_000;
const outboxWaitMs = 1_000;

/** What a vault needs besides its parts. */
export type VaultOptions = {
  readonly ledger: Ledger;
  readonly measurement: string;
  /** A recorded message, for an event that was delivered again. */
  readonly recorded: (index: number) => Promise<{ subject: string; bytes: Uint8Array } | undefined>;
  /** Audit entries for the owner's app. */
  readonly audit: (from: number, count: number) => Promise<unknown>;
  /** Called once when the vault has stopped because it cannot go on. */
  readonly onFailure: (error: Error) => void;
};

/**
 * A running vault. Every event takes its turn: read, decided about, appended; what follows from it
 * (an answer, a handler's run) happens when its commit is durable, and never when it is not. The first
 * append that fails stops everything, with all state that was ahead of the ledger.
 */
export class Vault {
  readonly #parts: VaultParts;
  readonly #options: VaultOptions;
  readonly #mailbox = new Mailbox();
  readonly #publisher: Publisher;
  readonly #counter = new Counter();
  readonly #runs = new Set<Promise<void>>();
  /** Published, and not yet recorded as sent. */
  #sent: string[] = [];
  #sentTimer: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #counting: NodeJS.Timeout | undefined;
  /** Nothing takes a turn after the one that closes. */
  #closing = false;
  #stopped = false;

  constructor(parts: VaultParts, options: VaultOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#publisher = new Publisher(parts.bus, (ids) => this.#noteSent(ids));
  }

  /**
   * Takes the ledger (`opened` fences every other writer), publishes what was left in the outbox,
   * goes on with what was left undone, and begins to listen.
   * @throws LedgerError when the ledger cannot be written
   */
  async open(): Promise<void> {
    await this.#turn(async ({ batch }) => {
      batch.add({
        kind: 'opened',
        scope: batch.state.scope,
        body: {
          writer: new Uint8Array(randomBytes(16)),
          measurement: this.#options.measurement,
          handlers: this.#parts.runner.handlers.map(
            ({ manifest, digest }): InstalledHandler => ({ manifest, digest }),
          ),
          ring: this.#parts.ring.state(),
        },
      });
    });
    const { state } = this.#parts.journal;
    for (const { kind, status, party, credentialExpires = 0 } of state.connections.values()) {
      if (kind === 'service' && (status === 'active' || status === 'invited'))
        this.#parts.bus.admit(party);
      if (status === 'severed' && credentialExpires > state.time) void revoke(this.#parts, party);
    }
    await this.#parts.bus.listen((message) => this.#receive(message));
    this.#publisher.send([...state.outbox.values()]);
    for (const request of state.requests.values())
      if (request.status === 'running') this.#resume(request);
    this.#watchDeadlines();
    // Unreferenced, both timers: a vault that was abandoned, its ledger closed, must not keep the process.
    this.#counting = setInterval(() => {
      if (this.#options.ledger.closed !== undefined) void this.#halt();
      else this.#post((turn) => this.#recordCounts(turn));
    }, countedEveryMs).unref();
  }

  /** Stops in good order: what runs is finished or left for the next opening, and `closed` is the last record. */
  async close(): Promise<void> {
    if (this.#stopped) return;
    await this.#parts.bus.stop();
    await Promise.race([Promise.allSettled([...this.#runs]), wait(runsWaitMs)]);
    await Promise.race([this.#publisher.idle(), wait(outboxWaitMs)]);
    await this.#turn(async (turn) => {
      await this.#recordCounts(turn);
      turn.batch.add({ kind: 'closed', scope: turn.batch.state.scope, body: {} });
      this.#closing = true;
    }).catch((error: unknown) => {
      this.#parts.log('closed without a last record', { error: String(error) });
    });
    await this.#halt();
  }

  #receive(message: InboundMessage): void {
    if (this.#stopped) return;
    // Best-effort: under a flood the newest are lost, which is what their class allows.
    if (message.acknowledge === undefined && this.#mailbox.waiting > waitingMax) return;
    this.#turn((turn) => this.#take(turn, message)).catch((error: unknown) => {
      if (error instanceof LedgerError && error.code !== 'TOO_LARGE') this.#fail(error);
      else this.#post((turn) => this.#setAside(turn, message, error));
    });
  }

  /** A message that we fail on is recorded and done with, so that it blocks nobody. */
  async #setAside(turn: Turn, message: InboundMessage, error: unknown): Promise<void> {
    this.#parts.log('a message could not be handled', { error: String(error) });
    if (message.acknowledge !== undefined) turn.effects.push(message.acknowledge);
    const arrival = unreadable(turn.batch.state, message);
    if (arrival !== undefined)
      await handleArrival(this.#parts, turn, arrival, this.#hooks(arrival));
  }

  async #take(turn: Turn, message: InboundMessage): Promise<void> {
    await expireDue(this.#parts, turn);
    const { state } = turn.batch;
    const arrival = await readInbound(state, this.#parts.secrets, message);
    if (message.acknowledge !== undefined) turn.effects.push(message.acknowledge);
    if (arrival.kind === 'stranger') {
      this.#counter.add(turn.batch.time, arrival.type, arrival.reason, arrival.digest);
      return;
    }
    await handleArrival(this.#parts, turn, arrival, this.#hooks(arrival));
  }

  #hooks({ received }: Arrival): ArrivalHooks {
    return {
      start: (request) => this.#run(request),
      audit: this.#options.audit,
      again: (index) => this.#sendAgain(index),
      counted: () => {
        const time = this.#parts.journal.state.time;
        this.#counter.add(time, received.event?.type ?? '', 'duplicate', received.digest);
      },
    };
  }

  /**
   * Goes on with a request that was running when the vault stopped, unless it has expired since, or
   * this image has its handler no more.
   */
  #resume(request: OpenRequest): void {
    const { journal, runner } = this.#parts;
    const expires = request.received.event?.expires ?? Number.POSITIVE_INFINITY;
    const installed = runner.handlers.some(({ manifest }) => manifest.name === request.handler);
    const reason = installed ? 'expired' : 'handler_failed';
    if (installed && expires > journal.state.time) this.#run(request);
    else this.#post((turn) => expireRequest(this.#parts, turn, request, reason));
  }

  /** Runs a handler beside the mailbox; its result takes a turn of its own. */
  #run(request: OpenRequest): void {
    if (this.#stopped) return;
    const run = runHandler(this.#parts, request).then((finished) =>
      this.#turn((turn) => finishRequest(this.#parts, turn, request, finished)),
    );
    const settled = run.catch((error: unknown) => this.#fail(error));
    this.#runs.add(settled);
    void settled.finally(() => this.#runs.delete(settled));
  }

  /** Whoever asks again will do so once more if this fails. */
  async #sendAgain(index: number): Promise<void> {
    try {
      const message = await this.#options.recorded(index);
      if (message !== undefined) this.#parts.bus.publish(message.subject, message.bytes);
    } catch (error) {
      this.#parts.log('an answer was not sent again', { index, error: String(error) });
    }
  }

  async #recordCounts({ batch }: Turn): Promise<void> {
    const body = this.#counter.take(batch.time);
    if (body !== undefined) batch.add({ kind: 'aggregate', scope: batch.state.scope, body });
  }

  #watchDeadlines(): void {
    clearTimeout(this.#deadline);
    if (this.#stopped) return;
    const next = nextEnd(this.#parts.journal.state);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#deadline = setTimeout(
      () => this.#post((turn) => expireDue(this.#parts, turn)),
      Math.min(timerMaxMs, Math.max(10, next - Date.now())),
    ).unref();
  }

  /** A turn whose failure stops the vault. */
  #post(task: (turn: Turn) => Promise<void>): void {
    if (!this.#stopped) this.#turn(task).catch((error: unknown) => this.#fail(error));
  }

  /** One turn: the task adds facts, they become durable, then their effects happen. */
  async #turn(task: (turn: Turn) => Promise<void>): Promise<void> {
    const { durable, turn } = await this.#mailbox.post(async () => {
      const { journal } = this.#parts;
      const begun: Turn = { batch: journal.begin(), effects: [] };
      const sent = this.#recordSent(begun.batch);
      try {
        if (!this.#closing) await task(begun);
      } catch (error) {
        this.#sent.unshift(...sent);
        throw error;
      }
      // The promise is wrapped, so that the next turn does not wait for this one's fsync.
      return { durable: journal.commit(begun.batch), turn: begun };
    });
    await durable;
    this.#publisher.send(queuedIn(turn.batch));
    for (const effect of turn.effects) this.#happen(effect);
    if (turn.batch.records.length > 0) this.#watchDeadlines();
  }

  /**
   * That a message was sent is recorded with the next turn, or soon: nothing waits for it, and what a
   * crash forgets of it is published once more.
   */
  #noteSent(ids: readonly string[]): void {
    this.#sent.push(...ids);
    this.#sentTimer ??= setTimeout(() => {
      this.#sentTimer = undefined;
      if (this.#sent.length > 0) this.#post(async () => {});
    }, sentWithinMs);
  }

  #recordSent(batch: Batch): readonly string[] {
    const ids = this.#sent.splice(0, sentPerRecord);
    if (ids.length > 0) batch.add({ kind: 'sent', scope: batch.state.scope, body: { ids } });
    return ids;
  }

  /** What follows from a durable fact cannot undo it: one effect that fails stops no other. */
  #happen(effect: () => void): void {
    try {
      effect();
    } catch (error) {
      this.#parts.log('an effect failed', { error: String(error) });
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    const code = failure instanceof LedgerError ? failure.code : undefined;
    this.#parts.log('the vault stops', { error: failure.message, code });
    void this.#halt().then(() => this.#options.onFailure(failure));
  }

  async #halt(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#sentTimer);
    clearInterval(this.#counting);
    this.#options.ledger.close();
    await this.#parts.bus.stop().catch(() => undefined);
    await this.#parts.runner.stop();
  }
}

function queuedIn(batch: Batch): { id: string; subject: string; bytes: Uint8Array }[] {
  return batch.records.flatMap((record) => (record.kind === 'queued' ? [record.body] : []));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
