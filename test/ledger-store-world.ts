import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import {
  type LedgerSeeds,
  type LedgerServer,
  startLedgerServer,
} from '../core/bus/ledger-server.ts';
import { findNatsServer } from '../core/bus/nats-binary.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { createLedgerStream, jetStreamStore } from '../ledger/jetstream-store.ts';

export const vault = 'v1';

/** A ledger server on a folder of its own, and connections to it. */
export class LedgerWorld {
  readonly folder: string;
  readonly #binary: string;
  readonly #connections: NatsConnection[] = [];
  #server: LedgerServer | undefined;

  private constructor(folder: string, binary: string) {
    this.folder = folder;
    this.#binary = binary;
  }

  /** @param from - world whose store is copied; its server must not run */
  static async make(from?: LedgerWorld): Promise<LedgerWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'cambium-store-'));
    if (from !== undefined)
      await cp(join(from.folder, 'store'), join(folder, 'store'), { recursive: true });
    return new LedgerWorld(folder, (await findNatsServer()).path);
  }

  get server(): LedgerServer {
    if (this.#server === undefined) throw new Error('the server does not run');
    return this.#server;
  }

  /** Folder of the stream's message blocks. */
  get blocks(): string {
    return join(this.folder, 'store/jetstream/LEDGER/streams', `LEDGER_${vault}`, 'msgs');
  }

  async start(): Promise<void> {
    this.#server = await startLedgerServer({
      binary: this.#binary,
      dir: join(this.folder, 'store'),
      runDir: join(this.folder, 'run'),
      lockWaitMs: 10_000,
    });
  }

  async as(user: keyof LedgerSeeds): Promise<NatsConnection> {
    const { url, seeds } = this.server;
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seeds[user]));
    const nc = await connect({ servers: url, authenticator, reconnect: false });
    this.#connections.push(nc);
    return nc;
  }

  /** The store as one user sees it. */
  async store(user: keyof LedgerSeeds = 'runtime'): Promise<CommitStore> {
    return jetStreamStore(await this.as(user), vault);
  }

  async createStream(): Promise<void> {
    await createLedgerStream(await this.as('admin'), vault);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.splice(0).map((nc) => nc.close()));
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** SIGKILL, as a power cut would end it. */
  async kill(): Promise<void> {
    this.server.kill('SIGKILL');
    await this.server.exited;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
