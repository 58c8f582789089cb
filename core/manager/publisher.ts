import type { VaultBus } from './ports.ts';

/** Something in the outbox. */
export type Outbound = {
  readonly id: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
};

/**
 * Empties the outbox: publishes what is durable, and reports the ids once the server has them.
 * Publishing twice is harmless (same id, same bytes); forgetting is not, so what was not reported
 * before a crash is published again after it.
 */
export class Publisher {
  readonly #bus: VaultBus;
  readonly #report: (ids: readonly string[]) => void;
  #published: string[] = [];
  #flushing: Promise<void> | undefined;

  constructor(bus: VaultBus, report: (ids: readonly string[]) => void) {
    this.#bus = bus;
    this.#report = report;
  }

  /** Publishes messages whose `queued` records are durable. */
  send(messages: readonly Outbound[]): void {
    if (messages.length === 0) return;
    try {
      for (const { id, subject, bytes } of messages) {
        this.#bus.publish(subject, bytes);
        this.#published.push(id);
      }
    } catch {
      // The connection is gone for good: what is not reported stays in the outbox for the next opening.
    }
    if (this.#published.length > 0) this.#flushing ??= this.#flush();
  }

  /** Resolves when the server has everything published so far, or never will. */
  async idle(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#published.length > 0) {
        const ids = this.#published;
        this.#published = [];
        await this.#bus.flush();
        this.#report(ids);
      }
    } catch {
      // As above.
    } finally {
      this.#flushing = undefined;
    }
  }
}
