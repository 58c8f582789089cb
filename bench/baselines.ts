import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type NatsServer, startNatsServer } from '../core/bus/nats-server.ts';

/** A server without users, for what the vault is compared with. */
export type Baselines = {
  /** Raw NATS request-reply with another process. */
  request(bytes: Uint8Array): Promise<unknown>;
  /** Raw JetStream publish with ack, fsynced before the ack. */
  publish(bytes: Uint8Array): Promise<unknown>;
  stop(): Promise<void>;
};

/** Starts a server with the settings of the ledger's, a responder, and a stream. */
export async function startBaselines(binary: string, folder: string): Promise<Baselines> {
  const config = `jetstream { store_dir: "${join(folder, 'store')}", sync_interval: always }\n`;
  const server = await startNatsServer({ binary, dir: folder, config, name: 'baseline' });
  const responder = await startResponder(server);
  const nc = await connect({ servers: server.url });
  await addStream(nc);
  const client = jetstream(nc);
  return {
    request: (bytes) => nc.request('raw', bytes, { timeout: 10_000 }),
    publish: (bytes) => client.publish('stored', bytes),
    stop: async () => {
      await nc.close();
      responder.kill();
      await server.stop();
    },
  };
}

async function startResponder(server: NatsServer): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('responder.js', import.meta.url));
  const child = spawn(process.execPath, [program, server.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function addStream(nc: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: 'stored', subjects: ['stored'], storage: StorageType.File });
}
