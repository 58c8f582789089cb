import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { envelopeBytesMax } from '../../../wire/envelope.ts';
import { keptAnswersStream } from '../../../wire/kept-answers.ts';
import { keptAnswerType } from '../../../wire/messages.ts';
import { fromVault } from '../../../wire/subjects.ts';
import { codeConsumerNotFound, codeStreamNotFound, exists } from './stream-manager.ts';
import { checkedParty, checkedVault } from './vine-names.ts';

/** How many answers of one vault may wait for one party; a further one stays with its vault. */
export const answersWaitingMax = 256;

const dayMs = 86_400_000;
// An event can be answered for 16 days, and its sender asks again within them; a credential lasts 30.
const keepMs = 30 * dayMs;
const ackWaitMs = 60_000;

/*
 * One stream for a whole vine, and one consumer for each party: a party that is connected to many vaults reads
 * all its answers in one place. Only who has `answerKeeperCredential` makes and changes either.
 */

/**
 * Creates or updates the stream that keeps answers to critical events until their party has read them.
 * @throws JetStreamApiError when the server refuses
 */
export async function ensureAnswerStream(jsm: JetStreamManager): Promise<void> {
  if (await exists(jsm.streams.info(keptAnswersStream), codeStreamNotFound))
    await jsm.streams.update(keptAnswersStream, streamConfig);
  else await jsm.streams.add({ ...streamConfig, name: keptAnswersStream });
}

/**
 * Makes the consumer by which a party reads its answers. One that nobody uses is gone after 30 days; made again, it
 * gives what is still there, since what was acknowledged has left the stream.
 * @throws VineError BAD_IDENTIFIER; JetStreamApiError when the server refuses
 */
export async function ensureAnswerConsumer(jsm: JetStreamManager, party: string): Promise<void> {
  const config = consumerConfig(party);
  if (await exists(jsm.consumers.info(keptAnswersStream, party), codeConsumerNotFound))
    await jsm.consumers.update(keptAnswersStream, party, config);
  else await jsm.consumers.add(keptAnswersStream, { ...config, durable_name: party });
}

/**
 * Drops what waits for a party from one vault. Answers of other vaults stay, and so does the consumer.
 * @throws VineError BAD_IDENTIFIER; JetStreamApiError when the server refuses
 */
export async function dropAnswers(
  jsm: JetStreamManager,
  { vault, party }: { readonly vault: string; readonly party: string },
): Promise<void> {
  const filter = fromVault(checkedVault(vault), checkedParty(party), keptAnswerType);
  await jsm.streams.purge(keptAnswersStream, { filter });
}

const streamConfig = {
  subjects: [`MessageSpace.*.fromVault.*.${keptAnswerType}`],
  retention: RetentionPolicy.Workqueue,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  discard_new_per_subject: true,
  max_msgs_per_subject: answersWaitingMax,
  max_msg_size: envelopeBytesMax,
  max_age: nanos(keepMs),
  num_replicas: 1,
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  allow_direct: false,
} satisfies Partial<StreamConfig>;

function consumerConfig(party: string) {
  return {
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subject: `MessageSpace.${checkedParty(party)}.fromVault.*.${keptAnswerType}`,
    ack_wait: nanos(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: 10_000,
    // A party is one service, maybe on several machines.
    max_waiting: 32,
    max_batch: 256,
    max_expires: nanos(ackWaitMs),
    inactive_threshold: nanos(keepMs),
  } satisfies Partial<ConsumerConfig>;
}
