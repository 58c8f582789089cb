import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { forVault, fromService, parseSubject } from '../../wire/subjects.ts';
import type { InboundMessage, VaultBus } from '../manager/ports.ts';
import { AdmittedPartiesKeeper } from './admitted-parties.ts';
import { type Delivery, deliverInbound } from './inbound-delivery.ts';
import {
  type AdmittedParties,
  ensureInboundStream,
  inboundConsumer,
  inboundSubjects,
  restartInbound,
  setInboundSubjects,
} from './vine/inbound-stream.ts';
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
  let deliver: ((message: InboundMessage) => void) | undefined;
  let own: Subscription | undefined;
  let consumed: Delivery | undefined;
  let manager: JetStreamManager | undefined;

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
  const subjectsOf = (parties: AdmittedParties): string[] =>
    inboundSubjects(vault, parts.critical, parties);
  const admitted = new AdmittedPartiesKeeper({
    subscribe: (party) => subscribe(messages, fromService(vault, party, '>')),
    store: async (parties) => {
      if (manager !== undefined) await setInboundSubjects(manager, vault, subjectsOf(parties));
    },
  });

  return {
    listen: async (to) => {
      deliver = to;
      own = subscribe(owner, forVault(vault, '>'));
      await owner.flush();
      await messages.flush();
      manager = await streamManager(messages);
      await ensureInboundStream(manager, vault, subjectsOf(admitted.parties));
      admitted.listen();
      consumed = await consumeCritical(manager, parts, to);
    },
    hear: async (to) => {
      deliver = to;
      own = subscribe(owner, forVault(vault, '>'));
      admitted.hear();
      await owner.flush();
      await messages.flush();
    },
    admit: (party, scope) => admitted.admit(party, scope),
    dismiss: (party) => admitted.dismiss(party),
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
      admitted.stop();
      await consumed?.stop(blameless);
    },
  };
}

async function consumeCritical(
  manager: JetStreamManager,
  { vault, messages, log }: VaultBusParts,
  deliver: (message: InboundMessage) => void,
): Promise<Delivery> {
  const inHand = await restartInbound(manager, vault);
  const consumer = await inboundConsumer(messages, vault);
  return deliverInbound({ vault, manager, consumer, inHand, deliver, log });
}
