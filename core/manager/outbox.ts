import type { LedgerRecord } from '../../ledger/bodies.ts';
import { keptAnswerType } from '../../wire/messages.ts';
import { parseSubject } from '../../wire/subjects.ts';
import type { PinKeeper } from '../pins/pin-keeper.ts';
import { AnswerKeeper, type KeepableAnswer } from './answer-keeper.ts';
import type { Publisher } from './publisher.ts';
import type { VaultParts } from './turn.ts';

/** Something in the outbox, and whether it answers a critical event. */
export type Queued = KeepableAnswer & { readonly critical?: boolean };

/**
 * Lets durable messages go. The answer to a critical event leaves only when the pins cover its result:
 * a store that is put back to before it could otherwise take a payment back that somebody relies on. It is kept
 * by the messaging layer for a party that is away; everything else goes to whoever listens.
 */
export class Outbox {
  readonly #publisher: Publisher;
  readonly #keeper: AnswerKeeper;
  readonly #pins: PinKeeper;
  /** One after another, so that held messages keep their order. */
  #held: Promise<void> = Promise.resolve();

  constructor(publisher: Publisher, keeper: AnswerKeeper, pins: PinKeeper) {
    this.#publisher = publisher;
    this.#keeper = keeper;
    this.#pins = pins;
  }

  /** Publishes messages whose `queued` records are durable. */
  send(messages: readonly Queued[]): void {
    this.#publisher.send(messages.filter(({ critical }) => critical !== true));
    const held = messages.filter(({ critical }) => critical === true);
    if (held.length === 0) return;
    const covered = this.#pins.cover();
    this.#held = this.#held.then(() => covered).then(() => this.#letGo(held));
  }

  /** Publishes a message once more that was sent before. */
  again(message: KeepableAnswer): void {
    if (isKept(message)) this.#keeper.send({ ...message, again: true });
    else this.#publisher.again(message);
  }

  /** Resolves when the server has everything sent so far, or never will. */
  async idle(): Promise<void> {
    await this.#held;
    await Promise.all([this.#publisher.idle(), this.#keeper.idle()]);
  }

  #letGo(held: readonly Queued[]): void {
    this.#publisher.send(held.filter((message) => !isKept(message)));
    for (const message of held.filter(isKept)) this.#keeper.send(message);
  }
}

/** Keeps answers for whoever may still come and read them: not for a party that was sent away. */
export function answerKeeper(
  { bus, journal }: Pick<VaultParts, 'bus' | 'journal'>,
  publisher: Publisher,
  report: (id: string) => void,
): AnswerKeeper {
  return new AnswerKeeper({
    keep: (subject, bytes) => bus.keep(subject, bytes),
    publish: (message) => publisher.again(message),
    report,
    readable: (id) => {
      const status = journal.state.connections.get(id)?.status;
      return status !== undefined && status !== 'severed' && status !== 'declined';
    },
  });
}

/** The messages that these records put into the outbox. */
export function queuedIn(records: readonly LedgerRecord[]): Queued[] {
  return records.flatMap((record) => (record.kind === 'queued' ? [record.body] : []));
}

/** Answers that an earlier version queued have another type, which nobody keeps. */
function isKept({ subject }: Queued): boolean {
  return parseSubject(subject)?.type === keptAnswerType;
}
