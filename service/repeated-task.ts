/** A task that is done once more when it is asked for while it runs, and never beside itself. What fails is let be. */
export class RepeatedTask {
  readonly #task: () => Promise<void>;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  /** Resolves when nothing of it runs. */
  get done(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Begins, or lets what runs be followed by another. */
  ask(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#task().catch(() => undefined);
    }
  }
}
