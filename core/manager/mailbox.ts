import { setImmediate } from 'node:timers/promises';

/** How long tasks may follow one another before input and output get their turn, in milliseconds. */
const breathMs = 2;

/**
 * One task after another: what makes "decided one after another" true. A task that throws stops
 * nothing but itself; whoever posts it looks at its promise.
 */
export class Mailbox {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #breathed = 0;

  /** Tasks that have not ended. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `task` after all that were posted before it. */
  post<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const run = this.#tail
      .then(() => this.#breathe())
      .then(task)
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** Without this a long queue would keep the commit in flight from being heard of. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#breathed < breathMs) return;
    await setImmediate();
    this.#breathed = performance.now();
  }
}
