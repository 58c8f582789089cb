import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { forVault, fromService, parseSubject } from '../../wire/subjects.ts';
import type { InboundMessage, VaultBus } from '../manager/ports.ts';
import { type Delivery, deliverInbound } from './inbound-delivery.ts';
import { ensureInboundStream, inboundConsumer, restartInbound } from './vine/inbound-stream.ts';
import { keepAnswer } from './vine/kept-publish.ts';
import { streamManager } from './vine/stream-manager.ts';

/** The two sides on which a vault stands in the messaging layer. */
export type VaultBusParts = {
  readonly vault: string;
  /** Connected to the owner's account. */
  readonly owner: NatsConnection;
  /** Connected to the messages' account. */
  readonly messages: NatsConnection;
  /** Event types that are persisted until the vault has them. */
  readonly critical: readonly string[];
  readonly log: (line: string, details?: Record<string, unknown>) => void;
};

/** A vault's messaging layer on NATS. */
export function natsVaultBus(parts: VaultBusParts): VaultBus {
  const { vault, owner, messages } = parts;
  const critical = new Set(parts.critical);
  const parties = new Map<string, Subscription>();
  let deliver: ((message: InboundMessage) => void) | undefined;
  let own: Subscription | undefined;
  let consumed: Delivery | undefined;

  /** Critical types arrive through the stream, so a core message of one would be a second copy. */
  const onMessage = (message: Msg): void => {
    const type = parseSubject(message.subject)?.type;
    if (type === undefined || !critical.has(type))
      deliver?.({ subject: message.subject, data: message.data });
  };
  const subscribe = (nc: NatsConnection, subject: string): Subscription =>
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) onMessage(message);
      },
    });

  return {
    listen: async (to) => {
      deliver = to;
      own = subscribe(owner, forVault(vault, '>'));
      await owner.flush();
      await messages.flush();
      consumed = await consumeCritical(parts, to);
    },
    admit: (party) => {
      if (!parties.has(party))
        parties.set(party, subscribe(messages, fromService(vault, party, '>')));
    },
    dismiss: (party) => {
      parties.get(party)?.unsubscribe();
      parties.delete(party);
    },
    publish: (subject, bytes) => {
      (subject.startsWith('OwnerSpace.') ? owner : messages).publish(subject, bytes);
    },
    keep: (subject, bytes) => keepAnswer(messages, subject, bytes),
    flush: async () => {
      await Promise.all([owner.flush(), messages.flush()]);
    },
    stop: async (blameless) => {
      deliver = undefined;
      own?.unsubscribe();
      for (const party of parties.values()) party.unsubscribe();
      parties.clear();
      await consumed?.stop(blameless);
    },
  };
}

async function consumeCritical(
  parts: VaultBusParts,
  deliver: (message: InboundMessage) => void,
): Promise<Delivery> {
  const { vault, messages, critical, log } = parts;
  const manager = await streamManager(messages);
  await ensureInboundStream(manager, vault, critical);
  const inHand = await restartInbound(manager, vault);
  const consumer = await inboundConsumer(messages, vault);
  return deliverInbound({ vault, manager, consumer, inHand, deliver, log });
}
