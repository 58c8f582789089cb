import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { directScan } from './direct-scan.ts';
import { LedgerError } from './errors.ts';

/** A value that a ring's store keeps. */
export type KeptValue = { readonly name: string; readonly bytes: Uint8Array };

/** What a ring's store keeps at one moment. */
export type KeptRing = {
  /** Sequence of the last write; 0 when there was none yet. */
  readonly last: number;
  /** In the order in which they were written. */
  readonly values: readonly KeptValue[];
};

/**
 * Where the wrapped keys of a ring are kept. Not trusted: it may lose or roll back what it holds.
 *
 * A write is durable when it resolves with its sequence, and is made only while `last` is still the
 * sequence of the last one: so of two writers one is refused, and what was read is what is written
 * upon. A write that rejects may have been made, or may yet be: nobody retries it here.
 */
export type RingStore = {
  /** Most bytes of a value. */
  readonly valueBytesMax: number;
  read(): Promise<KeptRing>;
  /** Adds a value under a new name. */
  add(value: KeptValue, last: number): Promise<number>;
  /** Puts one value in the place of everything that there is, all at once. */
  replaceAll(value: KeptValue, last: number): Promise<number>;
};

const writeTimeoutMs = 5_000;
const readAttempts = 5;
/** What the server counts as payload besides the value. */
const headerBytes = 1_024;

/** Name of the bucket that keeps a vault's keyring. */
export function ringBucket(vault: string): string {
  return `ring_${vault}`;
}

/** Makes the bucket of a new vault. Needs the admin user. */
export async function createRingBucket(nc: NatsConnection, vault: string): Promise<void> {
  await new Kvm(nc).create(ringBucket(vault), { history: 1 });
}

/**
 * A ring in a JetStream key-value bucket. All of it is replaced by one message that rolls up the
 * others, so nothing has to be deleted by name and no marker of a deletion is left; all that it takes is the
 * right to publish to the bucket.
 *
 * No reading gives back what was rolled up. The server's block files may hold its bytes for a long
 * time still (until half of at least 2 MiB is dead), and a server that is killed right after the
 * write may show it again, before the root, where no ring looks. As in any copy of the directory, it is
 * wrapped under a root whose half at the sealer is destroyed, and opens nothing.
 */
export async function jetStreamRing(nc: NatsConnection, vault: string): Promise<RingStore> {
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: writeTimeoutMs });
  const client = jetstream(nc, { timeout: writeTimeoutMs });
  const stream = `KV_${ringBucket(vault)}`;
  const prefix = `$KV.${ringBucket(vault)}.`;
  const write = async ({ name, bytes }: KeptValue, last: number, rollup: boolean) => {
    const extra = headers();
    if (rollup) extra.set('Nats-Rollup', 'all');
    const expect = { streamName: stream, lastSequence: last };
    const ack = await client.publish(prefix + name, bytes, { headers: extra, expect });
    return ack.seq;
  };
  return {
    valueBytesMax: (nc.info?.max_payload ?? 0) - headerBytes,
    read: () => readWhole(nc, manager, stream, prefix),
    add: (value, last) => write(value, last, false),
    replaceAll: (value, last) => write(value, last, true),
  };
}

/** Reads again when something was written meanwhile: a new root takes away what was still to be read. */
async function readWhole(
  nc: NatsConnection,
  manager: JetStreamManager,
  stream: string,
  prefix: string,
): Promise<KeptRing> {
  for (let attempt = 0; attempt < readAttempts; attempt++) {
    const { state } = await manager.streams.info(stream);
    const values: KeptValue[] = [];
    for await (const { subject, data } of directScan(nc, manager, stream, 1))
      values.push({ name: subject.slice(prefix.length), bytes: data });
    const after = (await manager.streams.info(stream)).state;
    if (after.last_seq === state.last_seq) return { last: state.last_seq, values };
  }
  throw new LedgerError('STORE_UNAVAILABLE', 'the keyring changes faster than it can be read');
}
