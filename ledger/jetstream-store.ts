import {
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CommitStore, StoredCommit } from './commit-store.ts';
import { directScan, type ScannedMessage } from './direct-scan.ts';

const appendTimeoutMs = 5_000;

/** Name of the stream that keeps a vault's ledger. */
export function ledgerStream(vault: string): string {
  return `LEDGER_${vault}`;
}

/** The one subject of that stream. */
export function ledgerSubject(vault: string): string {
  return `ledger.${vault}`;
}

/**
 * Makes the stream of a new vault: no limits, nothing may be deleted or purged. Needs the admin user;
 * the vault itself runs as one that can do neither.
 */
export async function createLedgerStream(nc: NatsConnection, vault: string): Promise<void> {
  const manager = await jetstreamManager(nc);
  await manager.streams.add({
    name: ledgerStream(vault),
    subjects: [ledgerSubject(vault)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
    allow_rollup_hdrs: false,
    num_replicas: 1,
  });
}

/** Commits in a JetStream stream, one message each. */
export async function jetStreamStore(nc: NatsConnection, vault: string): Promise<CommitStore> {
  const client = jetstream(nc, { timeout: appendTimeoutMs });
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: appendTimeoutMs });
  const stream = ledgerStream(vault);
  const subject = ledgerSubject(vault);
  return {
    append: async (bytes, expectedLast, id) => {
      const ack = await client.publish(subject, bytes, {
        msgID: id,
        expect: { streamName: stream, lastSubjectSequence: expectedLast },
      });
      return ack.duplicate || ack.seq !== expectedLast + 1 ? 'duplicate' : 'appended';
    },
    read: async (sequence) => {
      const message = await manager.streams.getMessage(stream, { seq: sequence });
      return message === null ? undefined : { sequence, bytes: new Uint8Array(message.data) };
    },
    scan: (sequence) => commits(directScan(nc, manager, stream, sequence)),
    last: async () => (await manager.streams.info(stream)).state.last_seq,
  };
}

async function* commits(messages: AsyncIterable<ScannedMessage>): AsyncIterable<StoredCommit> {
  for await (const { seq, data } of messages) yield { sequence: seq, bytes: data };
}
