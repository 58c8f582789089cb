import { randomBytes } from 'node:crypto';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { identifierFrom } from '../wire/identifiers.ts';
import { keptAnswersInbox, nextKeptAnswer } from '../wire/kept-answers.ts';

/** What the reader's user made of a message. */
export type Reading =
  /** It is done with: the messaging layer may forget it. */
  | 'taken'
  /** Nobody wants it now; it comes again. */
  | 'left';

/** What a reader works for. */
export type KeptAnswersUse = {
  /** Told each message, the next when it is done with this; a rejection leaves it to come again. */
  readonly take: (message: Msg) => Promise<Reading>;
  /** Whether anybody here would take one now. While nobody would, they are left to others of the same party. */
  readonly interested: () => boolean;
};

const batch = 64;
const expiresMs = 30_000;
const heartbeatMs = 5_000;
/** Without a sign of life for this long a pull is taken for lost. */
const silenceMs = 12_000;
/** When one that was left comes again, to us or to another. */
const leftMs = 2_000;
const againMs = 250;
const againMaxMs = 60_000;

/** Status codes of JetStream. */
const heartbeat = 100;
const timeIsOver = 408;

const nanosPerMs = 1_000_000;
const request = JSON.stringify({
  batch,
  expires: expiresMs * nanosPerMs,
  idle_heartbeat: heartbeatMs * nanosPerMs,
});
const laterAgain = `-NAK ${JSON.stringify({ delay: leftMs * nanosPerMs })}`;

/**
 * Reads the answers that the messaging layer has kept for a party, one after another: those that came
 * while it was away, and all others as they come. What was taken is acknowledged and leaves the layer.
 */
export class KeptAnswers {
  readonly #nc: NatsConnection;
  readonly #party: string;
  readonly #use: KeptAnswersUse;
  readonly #inbox: string;
  #tail: Promise<void> = Promise.resolve();
  #left = 0;
  #pauseMs = againMs;
  #timer: NodeJS.Timeout | undefined;
  #pulling = false;
  #stopped = false;

  private constructor(nc: NatsConnection, party: string, use: KeptAnswersUse) {
    this.#nc = nc;
    this.#party = party;
    this.#use = use;
    this.#inbox = keptAnswersInbox(party, identifierFrom(new Uint8Array(randomBytes(16))));
  }

  /** Begins to read, as soon as somebody is interested. */
  static start(nc: NatsConnection, party: string, use: KeptAnswersUse): KeptAnswers {
    const reader = new KeptAnswers(nc, party, use);
    nc.subscribe(reader.#inbox, {
      callback: (error, message) => {
        if (error === null) reader.#hear(message);
      },
    });
    void reader.#watchConnection();
    reader.wake();
    return reader;
  }

  /** Somebody may be interested now. */
  wake(): void {
    if (!this.#pulling) this.#pull();
  }

  /** Reads no further; resolves when what came so far is acknowledged or left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#tail;
  }

  #pull(): void {
    this.#pulling = !this.#stopped && !this.#nc.isClosed() && this.#use.interested();
    clearTimeout(this.#timer);
    if (!this.#pulling) return;
    this.#left = batch;
    this.#nc.publish(nextKeptAnswer(this.#party), request, { reply: this.#inbox });
    this.#pullIn(silenceMs);
  }

  #pullIn(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#pull(), ms).unref();
  }

  #hear(message: Msg): void {
    const { headers, reply = '' } = message;
    if (headers?.code === heartbeat) this.#pullIn(silenceMs);
    else if (reply.startsWith('$JS.ACK.')) this.#came(message);
    else this.#ended(headers?.code ?? 0);
  }

  #came(message: Msg): void {
    this.#pauseMs = againMs;
    this.#left -= 1;
    this.#tail = this.#tail.then(() => this.#read(message));
    if (this.#left === 0) this.#pull();
    else this.#pullIn(silenceMs);
  }

  /** A pull is over: its time is, or nobody serves it: there is no such stream, or no such consumer any more. */
  #ended(code: number): void {
    if (code === timeIsOver) this.#pull();
    else {
      this.#pullIn(this.#pauseMs);
      this.#pauseMs = Math.min(againMaxMs, this.#pauseMs * 2);
    }
  }

  async #read(message: Msg): Promise<void> {
    const reading = await this.#use.take(message).catch(() => 'left' as const);
    if (!this.#nc.isClosed()) message.respond(reading === 'taken' ? '+ACK' : laterAgain);
  }

  /** What was asked for over a connection that was lost is lost with it. */
  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#nc.status()) if (type === 'reconnect') this.#pull();
  }
}
