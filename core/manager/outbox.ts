import type { LedgerRecord } from '../../ledger/bodies.ts';
import type { PinKeeper } from '../pins/pin-keeper.ts';
import type { Outbound, Publisher } from './publisher.ts';

/** Something in the outbox, and whether it answers a critical event. */
export type Queued = Outbound & { readonly critical?: boolean };

/**
 * Lets durable messages go. The answer to a critical event leaves only when the pins cover its result:
 * a store that is put back to before it could otherwise take a payment back that somebody relies on.
 */
export class Outbox {
  readonly #publisher: Publisher;
  readonly #pins: PinKeeper;
  /** One after another, so that held messages keep their order. */
  #held: Promise<void> = Promise.resolve();

  constructor(publisher: Publisher, pins: PinKeeper) {
    this.#publisher = publisher;
    this.#pins = pins;
  }

  /** Publishes messages whose `queued` records are durable. */
  send(messages: readonly Queued[]): void {
    this.#publisher.send(messages.filter(({ critical }) => critical !== true));
    const held = messages.filter(({ critical }) => critical === true);
    if (held.length === 0) return;
    const covered = this.#pins.cover();
    this.#held = this.#held.then(() => covered).then(() => this.#publisher.send(held));
  }

  /** Resolves when the server has everything sent so far, or never will. */
  async idle(): Promise<void> {
    await this.#held;
    await this.#publisher.idle();
  }
}

/** The messages that these records put into the outbox. */
export function queuedIn(records: readonly LedgerRecord[]): Queued[] {
  return records.flatMap((record) => (record.kind === 'queued' ? [record.body] : []));
}
