/**
 * One task after another: what makes "decided one after another" true. A task that throws stops
 * nothing but itself; whoever posts it looks at its promise.
 */
export class Mailbox {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Tasks that have not ended. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `task` after all that were posted before it. */
  post<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const run = this.#tail.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = run.catch(() => undefined);
    return run;
  }
}
