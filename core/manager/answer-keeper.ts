import type { Outbound } from './publisher.ts';

/** What became of an answer that the messaging layer was asked to keep. */
export type Kept =
  /** It is on the disk there. */
  | 'kept'
  /** Its party has read too little: there is no room for another. */
  | 'full'
  /** Nobody answered, or not that. */
  | 'away';

/** What an answer keeper works with. */
export type AnswerKeeperParts = {
  /** Publishes, and resolves with what became of it; never rejects. */
  readonly keep: (subject: string, bytes: Uint8Array) => Promise<Kept>;
  /** Publishes without being kept: whoever listens at this moment has it. */
  readonly publish: (message: Outbound) => void;
  /** Told once a message has been taken over, and need not be sent again. */
  readonly report: (id: string) => void;
  /** Whether anybody can still come and read it. */
  readonly readable: (connection: string) => boolean;
};

/** An answer for a party that may be away. */
export type KeepableAnswer = Outbound & {
  readonly connection: string;
  /** It has been sent before, and is asked for again: nobody waits to hear that it was taken. */
  readonly again?: boolean;
};

/** How many answers of one connection wait here, at most, when the messaging layer has no room for them. */
export const heldPerConnection = 256;

const againMs = 250;
const againMaxMs = 30_000;

/**
 * Hands answers to the messaging layer, which keeps them until their party has read them. Each connection has a line of
 * its own: in order, the next only when the one before is on the disk. One that has no room, or a layer that is away,
 * holds up nobody else's. What was not taken over is not reported, and so is sent again after a restart.
 */
export class AnswerKeeper {
  readonly #parts: AnswerKeeperParts;
  readonly #lines = new Map<string, KeepableAnswer[]>();
  readonly #moving = new Map<string, Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(parts: AnswerKeeperParts) {
    this.#parts = parts;
  }

  /** Takes an answer whose `queued` record is durable. */
  send(message: KeepableAnswer): void {
    const { connection } = message;
    const line = this.#lines.get(connection) ?? [];
    // A party that reads nothing: it hears this if it listens, and can ask again. Our memory is not for it to fill.
    if (line.length >= heldPerConnection) this.#letGo(message);
    else {
      line.push(message);
      this.#lines.set(connection, line);
      if (line.length === 1) this.#begin(connection, line);
    }
  }

  /** Resolves when everything so far is taken over, or cannot be now. */
  async idle(): Promise<void> {
    await Promise.all(this.#moving.values());
  }

  /** Hands over nothing any more. */
  stop(): void {
    this.#stopped.abort();
  }

  #begin(connection: string, line: KeepableAnswer[]): void {
    const moving = new Promise<void>((settle) => void this.#move(connection, line, settle));
    this.#moving.set(connection, moving);
  }

  /** @param settle - told when the line is empty, or has to wait */
  async #move(connection: string, line: KeepableAnswer[], settle: () => void): Promise<void> {
    let pauseMs = againMs;
    for (let [message] = line; message !== undefined; [message] = line) {
      if (this.#stopped.signal.aborted) break;
      if (await this.#handOver(message)) {
        line.shift();
        pauseMs = againMs;
      } else {
        settle();
        await pause(pauseMs, this.#stopped.signal);
        pauseMs = Math.min(againMaxMs, pauseMs * 2);
      }
    }
    this.#lines.delete(connection);
    this.#moving.delete(connection);
    settle();
  }

  /** Whether it is done with. */
  async #handOver(message: KeepableAnswer): Promise<boolean> {
    const { connection, subject, bytes } = message;
    if (!this.#parts.readable(connection)) this.#letGo(message);
    else if ((await this.#parts.keep(subject, bytes)) === 'kept') this.#done(message);
    else return false;
    return true;
  }

  /** Where there is no way out any more, the next opening sends it. */
  #letGo(message: KeepableAnswer): void {
    try {
      this.#parts.publish(message);
    } catch {
      return;
    }
    this.#done(message);
  }

  #done({ id, again }: KeepableAnswer): void {
    if (again !== true) this.#parts.report(id);
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stopped.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms).unref();
    stopped.addEventListener('abort', end);
  });
}
