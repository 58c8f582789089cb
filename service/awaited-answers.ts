import type { CheckedAnswer } from './checked-answer.ts';
import { ServiceError } from './errors.ts';

/** How long to wait for an answer, and for which. */
export type AwaitOptions = {
  readonly timeoutMs: number;
  /** Called once, when the answer is that the owner is asked first. */
  readonly onPending?: (answer: Extract<CheckedAnswer, { status: 'pending' }>) => void;
  /** Settle for `pending` as an answer, instead of waiting for the owner. */
  readonly acceptPending?: boolean;
};

/** Who waits for an answer: it comes, or never will. */
type Waiting = { answer(answer: CheckedAnswer): void; lost(): void };

/** The answers that a client waits for, by the ids of the events that they answer. */
export class AwaitedAnswers {
  readonly #waiting = new Map<string, Waiting>();
  #woken: () => void = () => {};

  /**
   * The answer to an event, when it comes.
   * @throws ServiceError NO_ANSWER, NOT_CONNECTED
   */
  to(id: string, options: AwaitOptions): Promise<CheckedAnswer> {
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

  /** An answer has come. */
  take(id: string, answer: CheckedAnswer): void {
    this.#waiting.get(id)?.answer(answer);
  }

  /** Nobody waits for this one any more. */
  drop(id: string): void {
    this.#waiting.get(id)?.lost();
    this.#waiting.delete(id);
    this.#woken();
  }

  /** No answer will come. */
  lose(): void {
    for (const waiting of this.#waiting.values()) waiting.lost();
  }

  /** Resolves when nobody waits. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0)
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
      });
  }
}

/** The messaging layer ended the connection for good: the credential is over, or revoked. */
export function gone(): ServiceError {
  return new ServiceError('NOT_CONNECTED', 'the messaging layer ended the connection');
}
