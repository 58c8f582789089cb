import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { directScan } from './direct-scan.ts';

/** Where the wrapped keys of a ring are kept. Not trusted: it may lose or roll back what it holds. */
export type RingStore = {
  /** Every entry by name. */
  entries(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Adds an entry durably; rejects when the name is taken. */
  add(name: string, bytes: Uint8Array): Promise<void>;
};

/** Name of the bucket that keeps a vault's keyring. */
export function ringBucket(vault: string): string {
  return `ring_${vault}`;
}

/** Makes the bucket of a new vault. Needs the admin user. */
export async function createRingBucket(nc: NatsConnection, vault: string): Promise<void> {
  await new Kvm(nc).create(ringBucket(vault), { history: 1 });
}

/** A keyring's entries in a JetStream key-value bucket. */
export async function jetStreamRing(nc: NatsConnection, vault: string): Promise<RingStore> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  const bucket = await new Kvm(nc).open(ringBucket(vault));
  return {
    entries: () => readAll(nc, manager, vault),
    add: async (name, bytes) => {
      await bucket.create(name, bytes);
    },
  };
}

async function readAll(
  nc: NatsConnection,
  manager: JetStreamManager,
  vault: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const stream = `KV_${ringBucket(vault)}`;
  const prefix = `$KV.${ringBucket(vault)}.`;
  const out = new Map<string, Uint8Array>();
  for await (const { subject, data, operation } of directScan(nc, manager, stream, 1)) {
    if (!subject.startsWith(prefix)) continue;
    // In order, so that what was removed later is not there.
    if (operation === '') out.set(subject.slice(prefix.length), data);
    else out.delete(subject.slice(prefix.length));
  }
  return out;
}
