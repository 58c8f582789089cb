import type { CheckedAnswer } from './checked-answer.ts';
import type { Reading } from './kept-answers.ts';
import { Once } from './once.ts';

/** An answer that nobody here waits for, maybe to a question of an earlier process. */
export type LateAnswer = {
  /** Id of the event that it answers. */
  readonly event: string;
  readonly answer: CheckedAnswer;
};

/**
 * Told each answer that came while nobody waited for it, once. Answers to critical events are kept until this has
 * resolved: without it they stay where they are, and one that it rejects comes again.
 */
export type OnAnswer = (late: LateAnswer) => void | Promise<void>;

/** An answer as it was heard. */
export type Heard = LateAnswer & {
  /** Its own id. */
  readonly id: string;
  /** Whether it is one that the messaging layer keeps until it is acknowledged. */
  readonly isKept: boolean;
  /** Whether it is the copy to be acknowledged: what is kept is heard live as well. */
  readonly toAcknowledge: boolean;
};

/** How long whoever closes waits for the second copy of what it has heard, to acknowledge it. */
const settleMs = 1_000;

/** Which answers were taken, so that what comes by two ways is told once. */
export class HeardAnswers {
  readonly #onAnswer: OnAnswer | undefined;
  readonly #taken = new Once();
  /** What is being told now, by id: its second copy waits for what becomes of the first. */
  readonly #telling = new Map<string, Promise<Reading>>();
  readonly #acknowledged = new Once();
  /** Kept answers that were taken and not acknowledged yet. */
  readonly #owed = new Set<string>();

  constructor(onAnswer?: OnAnswer) {
    this.#onAnswer = onAnswer;
  }

  /** Whether an answer would be taken that nobody waits for, or acknowledged. */
  get interested(): boolean {
    return this.#onAnswer !== undefined || this.#owed.size > 0;
  }

  /** @param waiting - whoever waits for it: gets it as often as it comes */
  async take(heard: Heard, waiting?: (answer: CheckedAnswer) => void): Promise<Reading> {
    const reading = await this.#give(heard, waiting);
    if (heard.isKept && reading === 'taken') this.#account(heard);
    return reading;
  }

  /** Resolves when all that was taken is acknowledged, or too long has passed. */
  async settled(): Promise<void> {
    const deadline = performance.now() + settleMs;
    while (this.#owed.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async #give(heard: Heard, waiting?: (answer: CheckedAnswer) => void): Promise<Reading> {
    const { id, event, answer } = heard;
    if (waiting !== undefined) {
      this.#taken.first(id);
      waiting(answer);
      return 'taken';
    }
    const telling = this.#telling.get(id);
    if (telling !== undefined) return telling;
    if (this.#taken.has(id)) return 'taken';
    if (this.#onAnswer === undefined) return 'left';
    const told = this.#tell(this.#onAnswer, id, { event, answer });
    this.#telling.set(id, told);
    return told;
  }

  async #tell(onAnswer: OnAnswer, id: string, late: LateAnswer): Promise<Reading> {
    try {
      await onAnswer(late);
      this.#taken.first(id);
      return 'taken';
    } catch {
      return 'left';
    } finally {
      this.#telling.delete(id);
    }
  }

  #account({ id, toAcknowledge }: Heard): void {
    if (toAcknowledge) {
      this.#acknowledged.first(id);
      this.#owed.delete(id);
    } else if (!this.#acknowledged.has(id)) this.#owed.add(id);
  }
}
