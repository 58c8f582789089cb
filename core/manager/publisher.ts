import type { VaultBus } from './ports.ts';

/** Something in the outbox. */
export type Outbound = {
  readonly id: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
};

const againMs = 250;

/**
 * Empties the outbox: publishes what is durable, and reports the ids once the server has them.
 * Publishing twice is harmless (same id, same bytes); forgetting is not, so what was not reported
 * is published again: when a lost connection is back, and at the next opening after a crash.
 */
export class Publisher {
  readonly #bus: VaultBus;
  readonly #report: (ids: readonly string[]) => void;
  #unreported: Outbound[] = [];
  #flushing: Promise<void> | undefined;

  constructor(bus: VaultBus, report: (ids: readonly string[]) => void) {
    this.#bus = bus;
    this.#report = report;
  }

  /** Publishes messages whose `queued` records are durable. */
  send(messages: readonly Outbound[]): void {
    if (messages.length === 0 || !this.#publish(messages)) return;
    this.#unreported.push(...messages);
    this.#flushing ??= this.#flush();
  }

  /** Publishes what was sent before, and is asked for again: nobody waits to hear that it arrived. */
  again({ subject, bytes }: Outbound): void {
    this.#bus.publish(subject, bytes);
  }

  /** Resolves when the server has everything published so far, or never will. */
  async idle(): Promise<void> {
    await this.#flushing;
  }

  /** Whether there is a connection still. One that is gone for good leaves the rest to the next opening. */
  #publish(messages: readonly Outbound[]): boolean {
    try {
      for (const { subject, bytes } of messages) this.#bus.publish(subject, bytes);
      return true;
    } catch {
      return false;
    }
  }

  async #flush(): Promise<void> {
    while (this.#unreported.length > 0) {
      const messages = this.#unreported;
      this.#unreported = [];
      if (await this.#arrived()) {
        this.#report(messages.map(({ id }) => id));
        continue;
      }
      // A connection that was lost has dropped what it had not sent yet.
      this.#unreported.unshift(...messages);
      await wait(againMs);
      if (!this.#publish(this.#unreported)) break;
    }
    this.#flushing = undefined;
  }

  async #arrived(): Promise<boolean> {
    try {
      await this.#bus.flush();
      return true;
    } catch {
      return false;
    }
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
