import type { CheckedAnswer } from './checked-answer.ts';
import type { AskOptions } from './client-options.ts';
import { ServiceError } from './errors.ts';

/** Who waits for an answer: it comes, or never will. */
type Waiting = { answer(answer: CheckedAnswer): void; lost(): void };

/** Answers that somebody waits for, by the id of what they answer. */
export class AwaitedAnswers {
  readonly #waiting = new Map<string, Waiting>();
  #ended: () => void = () => {};

  /** How many are waited for. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whom to give an answer to. */
  taker(id: string): ((answer: CheckedAnswer) => void) | undefined {
    return this.#waiting.get(id)?.answer;
  }

  /**
   * Waits for the answer to an event.
   * @throws ServiceError NO_ANSWER, NOT_CONNECTED
   */
  wait(id: string, options: AskOptions): Promise<CheckedAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ServiceError('NO_ANSWER', `no answer within ${options.timeoutMs} ms`));
      }, options.timeoutMs);
      let held = false;
      this.#waiting.set(id, {
        answer: (answer) => {
          // An event that is sent again is told again that it waits.
          if (answer.status === 'pending' && !held) options.onPending?.(answer);
          held = true;
          if (answer.status === 'pending' && options.acceptPending !== true) return;
          clearTimeout(timer);
          resolve(answer);
        },
        lost: () => {
          clearTimeout(timer);
          reject(gone());
        },
      });
    });
  }

  /** Nobody waits for it any more. */
  end(id: string): void {
    this.#waiting.get(id)?.lost();
    this.#waiting.delete(id);
    this.#ended();
  }

  /** Resolves when nobody waits. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0)
      await new Promise<void>((resolve) => {
        this.#ended = resolve;
      });
  }

  /** None of them will come. */
  loseAll(): void {
    for (const waiting of this.#waiting.values()) waiting.lost();
  }
}

/** The messaging layer ended the connection for good: the credential is over, or revoked. */
export function gone(): ServiceError {
  return new ServiceError('NOT_CONNECTED', 'the messaging layer ended the connection');
}
