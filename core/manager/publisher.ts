import type { VaultBus } from './ports.ts';

/** Something in the outbox. */
export type Outbound = { readonly id: string; readonly subject: string; readonly bytes: Uint8Array };

/**
 * Empties the outbox: publishes what is durable, and reports the ids once the server has them.
 * Publishing twice is harmless (same id, same bytes); forgetting is not, so what was not reported
 * before a crash is published again after it.
 */
export class Publisher {
  readonly #bus: VaultBus;
  readonly #report: (ids: readonly string[]) => void;
  readonly #waiting: Outbound[] = [];
  #running = false;

  constructor(bus: VaultBus, report: (ids: readonly string[]) => void) {
    this.#bus = bus;
    this.#report = report;
  }

  /** Publishes messages whose `queued` records are durable. */
  send(messages: readonly Outbound[]): void {
    this.#waiting.push(...messages);
    if (!this.#running && this.#waiting.length > 0) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0) {
        const messages = this.#waiting.splice(0);
        for (const { subject, bytes } of messages) this.#bus.publish(subject, bytes);
        await this.#bus.flush();
        this.#report(messages.map(({ id }) => id));
      }
    } catch {
      // The connection is gone for good: what was not reported stays in the outbox for the next opening.
    } finally {
      this.#running = false;
    }
  }
}
