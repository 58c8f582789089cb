import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerRecord } from '../../ledger/bodies.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { OpenRequest } from '../../projections/vault-state.ts';
import type { Pin } from '../pins/pin.ts';
import type { PinKeeper } from '../pins/pin-keeper.ts';
import { tellAddress } from './address.ts';
import type { AnswerKeeper, KeepableAnswer } from './answer-keeper.ts';
import { type ArrivalHooks, handleArrival } from './arrivals.ts';
import { Departures } from './departures.ts';
import { endDevices, removedUsers } from './devices.ts';
import { Door, type ShutReason } from './door.ts';
import { type Arrival, asideOf, readInbound } from './inbound.ts';
import type { Batch } from './journal.ts';
import { tellKeys } from './key-rotation.ts';
import { tellHeld } from './notices.ts';
import { recordOpening } from './opening.ts';
import { answerKeeper, Outbox, queuedIn } from './outbox.ts';
import { beginPeers } from './peer-events.ts';
import { pinKeeper } from './pinned-ledger.ts';
import type { InboundMessage } from './ports.ts';
import { ProfileDesk, servesTheSame, tellProfile } from './profile.ts';
import { Publisher } from './publisher.ts';
import { expireDue, expireRequest, finishRequest, runHandler } from './requests.ts';
import type { Task, Turn, VaultParts, Work } from './turn.ts';
import { Turns } from './turns.ts';
import { Upkeep } from './upkeep.ts';
import { isOver, letInAll } from './ways-in.ts';

const waitingMax = 2_000;
/** Requests that end in another event's turn, at most: with it they must fit one commit. */
const endedBeforeEvent = 20;
/** How long a closing vault waits for handlers that run, and for the messaging layer. */
const runsWaitMs = 2_000;
const outboxWaitMs = 1_000;
const pinsWaitMs = 5_000;
const freshWaitMs = 30_000;

/** What a vault needs besides its parts. */
export type VaultOptions = {
  readonly measurement: string;
  /** Places that keep the last checkpoint, with what they kept when the ledger was opened. */
  readonly pins: ReadonlyMap<Pin, string | undefined>;
  /** A recorded message, for an event that was delivered again. */
  readonly recorded: (index: number) => Promise<KeepableAnswer | undefined>;
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
  readonly #turns: Turns;
  readonly #keeper: AnswerKeeper;
  readonly #outbox: Outbox;
  readonly #pins: PinKeeper;
  readonly #upkeep: Upkeep;
  readonly #profiles: ProfileDesk;
  readonly #departures: Departures;
  readonly #runs = new Set<Promise<void>>();
  #stopped = false;
  #halted: Promise<void> | undefined;

  constructor(given: Omit<VaultParts, 'published'>, options: VaultOptions) {
    const published = () => Promise.race([this.#outbox.idle(), wait(outboxWaitMs)]);
    const parts: VaultParts = { ...given, published };
    this.#parts = parts;
    this.#options = options;
    this.#profiles = new ProfileDesk(parts);
    this.#turns = new Turns(parts.journal, {
      sent: () => this.#post(async () => {}),
      work: (work) => this.#work(work),
    });
    this.#upkeep = new Upkeep(parts, {
      post: (task, begin) => this.#post(task, begin),
      abandoned: () => void this.#halt(),
    });
    this.#departures = new Departures(parts);
    this.#pins = pinKeeper(parts, options.pins, (error) => this.#fail(error));
    const publisher = new Publisher(parts.bus, (ids) => this.#turns.noteSent(ids));
    this.#keeper = answerKeeper(parts, publisher, (id) => this.#turns.noteSent([id]));
    this.#outbox = new Outbox(publisher, this.#keeper, this.#pins);
  }

  /**
   * Takes the ledger (`opened` fences every other writer), publishes what was left in the outbox,
   * goes on with what was left undone, and begins to listen.
   * @throws LedgerError when the ledger cannot be written
   */
  async open(): Promise<void> {
    const before = this.#parts.journal.state;
    const { measurement } = this.#options;
    await this.#turn(async (turn) =>
      recordOpening(this.#parts, turn, measurement, before.measurement),
    );
    const { state } = this.#parts.journal;
    await letInAll(this.#parts.bus, state);
    void endDevices(this.#parts, removedUsers(state));
    await this.#fresh();
    await this.#parts.bus.listen((message) => this.#receive(message));
    this.#outbox.send([...state.outbox.values()]);
    this.#post((turn) => tellKeys(this.#parts, turn));
    this.#post((turn) => tellAddress(this.#parts, turn));
    this.#post((turn) => tellHeld(this.#parts, turn));
    if (!servesTheSame(before, state)) this.#post((turn) => tellProfile(this.#parts, turn));
    for (const connection of state.connections.values())
      if (isOver(connection, state.time)) this.#departures.begin(connection);
    this.#departures.afterRecords(state);
    for (const request of state.requests.values())
      if (request.status === 'running') this.#resume(request);
    beginPeers(this.#parts, { take: (task) => this.#turn(task), failed: (e) => this.#fail(e) });
    this.#upkeep.start();
  }

  /** What stands in the ledger now begins with a random record: an old answer of a pin fits nothing. */
  async #fresh(): Promise<void> {
    try {
      await this.#pins.fresh(freshWaitMs);
    } catch (error) {
      await this.#halt();
      throw error;
    }
  }

  /** Stops in good order: what runs is finished or left for the next opening, and `closed` is the last record. */
  async close(): Promise<void> {
    if (this.#stopped) return;
    await this.#parts.peers.stop();
    await this.#parts.bus.stop(true);
    await Promise.race([Promise.allSettled([...this.#runs]), wait(runsWaitMs)]);
    await Promise.race([this.#outbox.idle(), wait(outboxWaitMs)]);
    await Promise.race([this.#departures.finish(), wait(outboxWaitMs)]);
    const { journal } = this.#parts;
    const begin = (): Batch => journal.beginCommit();
    await this.#turn((turn) => this.#upkeep.checkpoint(turn), begin).catch(() => undefined);
    const closed = this.#turns.end(async (turn) => {
      await this.#upkeep.recordCounts(turn);
      turn.batch.add({ kind: 'closed', scope: turn.batch.state.scope, body: {} });
    });
    await closed.catch((error: unknown) => {
      this.#parts.log('closed without a last record', { error: String(error) });
    });
    await Promise.race([this.#pins.cover(), wait(pinsWaitMs)]);
    await this.#halt();
  }

  /**
   * Lets go of the ledger, and tells those who ask why nothing happens. What the vault had in its hands gets no answer: it may
   * have been recorded after all.
   */
  async shut(reason: ShutReason): Promise<void> {
    await this.#halt();
    const { state: latest, durable } = this.#parts.journal;
    await new Door(this.#parts, { latest, durable }, reason).open();
  }

  #receive(message: InboundMessage): void {
    if (this.#stopped) return;
    // Best-effort: under a flood the newest are lost, which is what their class allows.
    if (message.acknowledge === undefined && this.#turns.waiting > waitingMax) return;
    this.#turn((turn) => this.#take(turn, message)).catch((error: unknown) => {
      if (message.suspect === true || (error instanceof LedgerError && error.code !== 'TOO_LARGE'))
        this.#fail(error);
      else this.#post((turn) => this.#setAside(turn, message, error));
    });
  }

  /** A message that we fail on is recorded and done with, so that it blocks nobody. */
  async #setAside(turn: Turn, message: InboundMessage, error: unknown): Promise<void> {
    this.#parts.log('a message could not be handled', { error: String(error) });
    if (message.acknowledge !== undefined) turn.effects.push(message.acknowledge);
    const arrival = asideOf(turn.batch.state, message);
    if (arrival !== undefined)
      await handleArrival(this.#parts, turn, arrival, this.#hooks(arrival));
  }

  async #take(turn: Turn, message: InboundMessage): Promise<void> {
    if (message.suspect === true) return this.#setAside(turn, message, 'the vault stops with it');
    await expireDue(this.#parts, turn, endedBeforeEvent);
    if (this.#profiles.take(turn, message)) return;
    const { state } = turn.batch;
    const arrival = await readInbound(state, this.#parts.secrets, message);
    if (message.acknowledge !== undefined) turn.effects.push(message.acknowledge);
    if (arrival.kind === 'stranger') {
      this.#upkeep.count(turn.batch.time, arrival.type, arrival.reason, arrival.digest);
      return;
    }
    await handleArrival(this.#parts, turn, arrival, this.#hooks(arrival));
  }

  #hooks({ received }: Arrival): ArrivalHooks {
    return {
      start: (request) => this.#run(request),
      audit: this.#options.audit,
      again: (index) => this.#sendAgain(index),
      fold: (decision, time) => this.#upkeep.folded.fold(received, decision, time),
      counted: () => {
        const time = this.#parts.journal.state.time;
        this.#upkeep.count(time, received.event?.type ?? '', 'duplicate', received.digest);
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
      if (message !== undefined) this.#outbox.again(message);
    } catch (error) {
      this.#parts.log('an answer was not sent again', { index, error: String(error) });
    }
  }

  /** Work whose failure stops the vault: the next opening completes what it left undone. */
  #work(work: Work): void {
    if (this.#stopped) return;
    const done = work().then(({ task, begin }) => this.#turn(task, begin));
    const settled = done.catch((error: unknown) => this.#fail(error));
    this.#runs.add(settled);
    void settled.finally(() => this.#runs.delete(settled));
  }

  /** A turn whose failure stops the vault. */
  #post(task: Task, begin?: () => Batch): void {
    if (!this.#stopped) this.#turn(task, begin).catch((error: unknown) => this.#fail(error));
  }

  /** One turn: the task adds facts, they become durable, then their effects happen. */
  async #turn(task: Task, special?: () => Batch): Promise<void> {
    const { batch, effects } = await this.#turns.post(task, special);
    this.#outbox.send(queuedIn(batch.records));
    for (const effect of effects) this.#happen(effect);
    if (batch.records.length > 0) this.#afterRecords(batch.records);
  }

  #afterRecords(records: readonly LedgerRecord[]): void {
    const { state } = this.#parts.journal;
    this.#pins.soon();
    this.#upkeep.afterRecords();
    this.#departures.take(records, state);
    this.#departures.afterRecords(state);
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
    void this.#halt(code !== undefined).then(() => this.#options.onFailure(failure));
  }

  /** @param blameless - no event is why: the ledger could not be written, or it was told to */
  #halt(blameless = true): Promise<void> {
    this.#stopped = true;
    this.#halted ??= this.#letGo(blameless);
    return this.#halted;
  }

  async #letGo(blameless: boolean): Promise<void> {
    this.#upkeep.stop();
    this.#departures.stop();
    void this.#parts.peers.stop();
    this.#turns.stop();
    this.#pins.stop();
    this.#keeper.stop();
    this.#parts.ledger.close();
    await this.#parts.bus.stop(blameless).catch(() => undefined);
    await this.#parts.runner.stop();
  }
}

function wait(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}
