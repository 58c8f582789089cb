import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  jetstream,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { fromService } from '../../../wire/subjects.ts';
import { maxPayloadBytes } from './account-layout.ts';
import { type InHand, inHandMetadata, inHandOf } from './in-hand.ts';
import { codeConsumerNotFound, codeStreamNotFound, exists } from './stream-manager.ts';
import {
  checkedParty,
  checkedType,
  checkedVault,
  inboundConsumerName,
  inboundStream,
} from './vine-names.ts';

/** How many events of one party and type may wait for the vault; a further one is refused to its sender. */
export const waitingPerPartyAndType = 256;

const dayMs = 86_400_000;
// An event older than 16 days is answered `expired`; past 30 nobody waits for that answer.
const keepMs = 30 * dayMs;
const ackWaitMs = 60_000;
// The shortest the server allows. Deduplication by id is per stream: with the usual two minutes a party that knows
// another's event id could have that event swallowed. The vault tells redeliveries apart by their bytes.
const duplicateWindowMs = 100;

/** The vault's consumer; `ensureInboundStream` made it. */
export function inboundConsumer(nc: NatsConnection, vault: string): Promise<Consumer> {
  return jetstream(nc).consumers.get(inboundStream(vault), inboundConsumerName);
}

/** Parties whose events the vault takes, and how much of them. */
export type AdmittedParties = ReadonlyMap<string, 'handshake' | 'connected'>;

/** Type of the one event that a party may send before it is connected. */
const handshakeType = 'connection.request';

/**
 * Subjects of an inbound stream: the critical types of those who are admitted, and of nobody else.
 * One that nobody can publish on stands for none, since the server would take the stream's name.
 */
export function inboundSubjects(
  vault: string,
  criticalTypes: readonly string[],
  parties: AdmittedParties,
): string[] {
  const types = [...new Set([handshakeType, ...criticalTypes])].sort();
  const subjects = [...parties].flatMap(([party, scope]) =>
    (scope === 'handshake' ? [handshakeType] : types).map((type) =>
      fromService(vault, checkedParty(party), checkedType(type)),
    ),
  );
  return subjects.length > 0
    ? subjects
    : [`MessageSpace.${checkedVault(vault)}.fromService.nobody`];
}

/**
 * Creates or updates the stream that keeps critical events until the vault has them, and its one
 * consumer. A sender's plain request is answered when its event is on the disk; an acknowledged
 * event leaves the stream. A subject taken off the list leaves what waits in it.
 * @param subjects - of the events to persist; at least one
 * @throws VineError BAD_IDENTIFIER; JetStreamApiError when the server refuses
 */
export async function ensureInboundStream(
  jsm: JetStreamManager,
  vault: string,
  subjects: readonly string[],
): Promise<void> {
  const name = inboundStream(vault);
  const config = streamConfig(subjects);
  if (await exists(jsm.streams.info(name), codeStreamNotFound)) {
    await jsm.streams.update(name, config);
  } else {
    await jsm.streams.add({ ...config, name });
  }
  if (await exists(jsm.consumers.info(name, inboundConsumerName), codeConsumerNotFound)) {
    await jsm.consumers.update(name, inboundConsumerName, consumerConfig);
  } else {
    await jsm.consumers.add(name, { ...consumerConfig, durable_name: inboundConsumerName });
  }
}

/** Makes these the subjects of the stream that is there. */
export async function setInboundSubjects(
  jsm: JetStreamManager,
  vault: string,
  subjects: readonly string[],
): Promise<void> {
  await jsm.streams.update(inboundStream(vault), streamConfig(subjects));
}

/**
 * Starts delivery over at the oldest event that the vault has not acknowledged. To be called at
 * each opening, before the first fetch: what a vault that crashed had taken would otherwise come only after
 * its minute of grace, behind newer events of the same party. Nothing is lost if this is interrupted.
 * @returns what it had in its hands
 */
export async function restartInbound(jsm: JetStreamManager, vault: string): Promise<InHand> {
  const name = inboundStream(vault);
  const info = await jsm.consumers.info(name, inboundConsumerName).catch(() => undefined);
  const inHand = inHandOf(info);
  await exists(jsm.consumers.delete(name, inboundConsumerName), codeConsumerNotFound);
  const metadata = inHandMetadata(inHand);
  await jsm.consumers.add(name, { ...consumerConfig, metadata, durable_name: inboundConsumerName });
  return inHand;
}

/** Writes down which of the events in hand is given out next, before it is. */
export async function noteGivenOut(
  jsm: JetStreamManager,
  vault: string,
  inHand: InHand,
): Promise<void> {
  const metadata = inHandMetadata(inHand);
  const config = { ...consumerConfig, metadata };
  await jsm.consumers.update(inboundStream(vault), inboundConsumerName, config);
}

function streamConfig(subjects: readonly string[]) {
  if (subjects.length === 0) throw new RangeError('an inbound stream needs a subject');
  return {
    subjects: [...subjects],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    max_msgs_per_subject: waitingPerPartyAndType,
    max_msg_size: maxPayloadBytes,
    max_age: nanos(keepMs),
    duplicate_window: nanos(duplicateWindowMs),
    num_replicas: 1,
    // Headers are the sender's: none of them may steer the stream.
    allow_rollup_hdrs: false,
    allow_msg_ttl: false,
    allow_direct: false,
  } satisfies Partial<StreamConfig>;
}

const consumerConfig = {
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: nanos(ackWaitMs),
  max_deliver: -1,
  max_ack_pending: 1000,
} satisfies Partial<ConsumerConfig>;
