import type { Batch, Journal } from './journal.ts';
import { Mailbox } from './mailbox.ts';
import type { Task, Turn, Work } from './turn.ts';

const sentWithinMs = 100;
const sentPerRecord = 1_000;

/** What turns set off. */
export type TurnHooks = {
  /** Takes a turn, in which what was sent is recorded. */
  readonly sent: () => void;
  /** Does work between turns, and takes a turn with what comes of it. */
  readonly work: (work: Work) => void;
};

/**
 * One turn at the ledger after another. What a turn adds is one commit; the next turn is decided on it
 * at once and does not wait for its fsync.
 */
export class Turns {
  readonly #journal: Journal;
  readonly #hooks: TurnHooks;
  readonly #mailbox = new Mailbox();
  /** Published, and not yet recorded as sent. */
  #sent: string[] = [];
  #sentTimer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(journal: Journal, hooks: TurnHooks) {
    this.#journal = journal;
    this.#hooks = hooks;
  }

  /** Turns that wait. */
  get waiting(): number {
    return this.#mailbox.waiting;
  }

  /**
   * Takes a turn after all that were posted before it.
   * @param special - begins a batch in which nothing stands before the task's own facts
   * @returns the turn, when its facts are durable; rejects when they never will be
   */
  async post(task: Task, special?: () => Batch): Promise<Turn> {
    const { durable, turn } = await this.#mailbox.post(async () => {
      const begun = this.#begin(special);
      const sent = special === undefined ? this.#recordSent(begun.batch) : [];
      try {
        if (!this.#ended) await task(begun);
      } catch (error) {
        this.#sent.unshift(...sent);
        throw error;
      }
      // The promise is wrapped, so that the next turn does not wait for it.
      return { durable: this.#journal.commit(begun.batch), turn: begun };
    });
    await durable;
    return turn;
  }

  /** Takes the last turn: no task after it adds anything. */
  async end(task: Task): Promise<Turn> {
    return this.post(async (turn) => {
      await task(turn);
      this.#ended = true;
    });
  }

  /**
   * That messages were sent is recorded with the next turn, or soon: nothing waits for it, and what a
   * crash forgets of it is published once more.
   */
  noteSent(ids: readonly string[]): void {
    this.#sent.push(...ids);
    this.#sentTimer ??= setTimeout(() => {
      this.#sentTimer = undefined;
      if (this.#sent.length > 0) this.#hooks.sent();
    }, sentWithinMs);
  }

  /** Nothing more is recorded as sent. */
  stop(): void {
    clearTimeout(this.#sentTimer);
  }

  #begin(special?: () => Batch): Turn {
    const batch = special?.() ?? this.#journal.begin();
    const effects: (() => void)[] = [];
    return { batch, effects, later: (work) => effects.push(() => this.#hooks.work(work)) };
  }

  #recordSent(batch: Batch): readonly string[] {
    const ids = this.#sent.splice(0, sentPerRecord);
    if (ids.length > 0) batch.add({ kind: 'sent', scope: batch.state.scope, body: { ids } });
    return ids;
  }
}
