import type { Consumer, ConsumerMessages, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { InboundMessage } from '../manager/ports.ts';
import { asideTriesMax, givenOut, type InHand, triesMax } from './vine/in-hand.ts';
import { noteGivenOut } from './vine/inbound-stream.ts';

/** What delivery needs. */
export type DeliveryParts = {
  readonly vault: string;
  readonly manager: JetStreamManager;
  readonly consumer: Consumer;
  /** What the vault had in its hands when it stopped. */
  readonly inHand: InHand;
  readonly deliver: (message: InboundMessage) => void;
  readonly log: (line: string, details?: Record<string, unknown>) => void;
};

/** A delivery that goes on until it is stopped. */
export type Delivery = {
  /** @param blameless - what stops the vault is not the event that it has in its hands */
  stop(blameless: boolean): Promise<void>;
};

const nextWaitMs = 1_000;

/**
 * Delivers critical events in their order. Those that were in hand when the vault stopped come first, one at a time, the
 * next when the one before is acknowledged: whichever stops the vault again is found, and after a few times set aside.
 */
export function deliverInbound(parts: DeliveryParts): Delivery {
  const stopped = new AbortController();
  let consumed: ConsumerMessages | undefined;
  let givenNow: InHand | undefined;
  const note = async (inHand: InHand | undefined): Promise<void> => {
    givenNow = inHand;
    if (inHand !== undefined) await noteGivenOut(parts.manager, parts.vault, inHand);
  };
  const run = async (): Promise<void> => {
    if (parts.inHand.until > 0) await deliverInHand(parts, note, stopped.signal);
    if (stopped.signal.aborted) return;
    consumed = await parts.consumer.consume({
      callback: (message) => parts.deliver(inbound(message, () => message.ack())),
    });
    if (stopped.signal.aborted) consumed.stop();
  };
  run().catch((error: unknown) => {
    if (!stopped.signal.aborted)
      parts.log('critical events are not delivered', { error: String(error) });
  });
  return {
    stop: async (blameless) => {
      const given = givenNow;
      stopped.abort();
      consumed?.stop();
      if (blameless && given !== undefined)
        await note({ ...given, tries: given.tries - 1 }).catch(() => undefined);
    },
  };
}

/** @param note - told which one is given out, before it is; and of none, when it is acknowledged */
async function deliverInHand(
  parts: DeliveryParts,
  note: (inHand: InHand | undefined) => Promise<void>,
  stopped: AbortSignal,
): Promise<void> {
  const { consumer, deliver, log } = parts;
  let { inHand } = parts;
  while (!stopped.aborted) {
    const message = await consumer.next({ expires: nextWaitMs });
    if (message === null) return;
    // None before it is left, and this one was never in hand.
    if (message.seq > inHand.until) return deliver(inbound(message, () => message.ack()));
    inHand = givenOut(inHand, message.seq);
    await note(inHand);
    if (inHand.tries > asideTriesMax) {
      log('an event that stops the vault was dropped', { seq: message.seq });
      message.term('it stops the vault');
    } else await oneAtATime(message, inHand.tries > triesMax, deliver, stopped);
    if (!stopped.aborted) await note(undefined);
  }
}

/** Resolves when it is acknowledged, or delivery is stopped. */
function oneAtATime(
  message: JsMsg,
  suspect: boolean,
  deliver: (message: InboundMessage) => void,
  stopped: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stopped.removeEventListener('abort', end);
      resolve();
    };
    stopped.addEventListener('abort', end);
    const acknowledge = (): void => void message.ackAck().then(end, end);
    deliver({ ...inbound(message, acknowledge), ...(suspect ? { suspect } : {}) });
  });
}

function inbound({ subject, data }: JsMsg, acknowledge: () => void): InboundMessage {
  return { subject, data, acknowledge };
}
