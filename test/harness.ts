/* A whole vault for tests: real servers, real handler processes, a data directory of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVault } from '../cli/create-vault.ts';
import { type DataDir, dataDir, readCard, type VaultCard } from '../cli/data-dir.ts';
import { connectOwnerApp, loadOwnerApp, type OwnerApp } from '../cli/owner-app.ts';
import { natsBinary, startLedger, startVine } from '../cli/servers.ts';
import { openVault, type RunningVault, type VaultEnvironment } from '../cli/wiring.ts';
import type { LedgerServer } from '../core/bus/ledger-server.ts';
import type { NatsServer } from '../core/bus/nats-server.ts';
import { createVineKeys, type VineKeys } from '../core/bus/vine/vine-keys.ts';
import { fileSealer, type Sealer } from '../core/enclave/sealer.ts';
import { type PassphraseRoots, rootsFrom } from '../core/keys/root-key.ts';
import { type FilePin, filePinOf } from '../core/pins/file-pin.ts';
import type { AskOptions, ClientOptions } from '../service/client-options.ts';
import {
  addressOf,
  connectionRequest,
  contractRef,
  newServiceKeys,
  type ServiceConnection,
} from '../service/service-identity.ts';
import type { SealedEvent } from '../service/session.ts';
import { VaultClient } from '../service/vault-client.ts';
import type { Contract } from '../wire/contract.ts';
import type { Answer, ConnectionAccepted, Invite } from '../wire/messages.ts';
import { inForm } from './in-form.ts';

export const passphrase = 'correct horse battery';

/** One data directory with its servers, and a vault that can be opened and closed on it. */
export class TestHouse {
  readonly folder: string;
  readonly data: DataDir;
  readonly card: VaultCard;
  readonly sealer: Sealer;
  /** Roots of the ring: the passphrase is stretched once, since that is meant to be slow. */
  readonly roots: PassphraseRoots;
  /** Keys of the vine that the vault is on. */
  readonly vineKeys: VineKeys | undefined;
  readonly failures: Error[] = [];
  /** What the vault wrote to its operational log. */
  readonly logged: string[] = [];
  ledger: LedgerServer;
  vine: NatsServer;
  vault: RunningVault | undefined;
  #app: OwnerApp | undefined;
  readonly #clients: VaultClient[] = [];
  /** Whether the vine is another house's. */
  readonly #guest: boolean;

  private constructor(
    folder: string,
    data: DataDir,
    card: VaultCard,
    servers: { ledger: LedgerServer; vine: NatsServer; vineKeys?: VineKeys; guest?: boolean },
  ) {
    this.folder = folder;
    this.data = data;
    this.card = card;
    this.sealer = fileSealer(join(folder, 'sealer'));
    this.roots = rootsFrom(passphrase, this.sealer, card.ledger.id);
    this.ledger = servers.ledger;
    this.vine = servers.vine;
    this.vineKeys = servers.vineKeys;
    this.#guest = servers.guest ?? false;
  }

  /** A new vault: on a vine of its own, or on that of its neighbour. */
  static async create(neighbour?: TestHouse): Promise<TestHouse> {
    const folder = await mkdtemp(join(tmpdir(), 'cambium-'));
    const binary = await natsBinary(() => {});
    const sealer = fileSealer(join(folder, 'sealer'));
    const path = join(folder, 'data');
    const pins = [(id: Uint8Array) => filePinOf(id, folder)];
    const vineKeys = neighbour?.vineKeys ?? createVineKeys();
    await createVault({ path, passphrase, sealer, pins, binary, now: Date.now, vine: vineKeys });
    const data = dataDir(path);
    const ledger = await startLedger(data, binary, 'lasting');
    const vine = neighbour?.vine ?? (await startVine(data, binary, 'lasting'));
    const servers = { ledger, vine, vineKeys, guest: neighbour !== undefined };
    return new TestHouse(folder, data, await readCard(data), servers);
  }

  /** On a data directory that is there already; sealer and pins are in `folder`, which is this house's. */
  static async at(folder: string, path: string): Promise<TestHouse> {
    const binary = await natsBinary(() => {});
    const data = dataDir(path);
    const card = await readCard(data);
    const ledger = await startLedger(data, binary, 'lasting');
    const vine = await startVine(data, binary, 'lasting');
    return new TestHouse(folder, data, card, { ledger, vine });
  }

  /** Opens the vault in this process. */
  async open(environment: Partial<VaultEnvironment> = {}): Promise<RunningVault> {
    this.vault = await openVault({
      card: this.card,
      roots: this.roots,
      ledger: { url: this.ledger.url, seed: this.ledger.seeds.runtime },
      vine: { url: this.vine.url },
      pins: [this.pin],
      log: (line, details) => {
        this.logged.push(`${line} ${JSON.stringify(details ?? {})}`);
        if (process.env['CAMBIUM_TEST_LOG']) console.error(line, details ?? '');
      },
      onFailure: (error) => {
        if (process.env['CAMBIUM_TEST_LOG']) console.error(error);
        this.failures.push(error);
      },
      ...environment,
    });
    return this.vault;
  }

  async closeVault(): Promise<void> {
    await this.vault?.close();
    this.vault = undefined;
  }

  /** What the checkpoint file keeps. */
  get pin(): FilePin {
    return filePinOf(this.card.ledger.id, this.folder);
  }

  /** Starts the messaging layer again after it was stopped: on another port. */
  async restartVine(): Promise<void> {
    await this.vine.stop();
    this.vine = await startVine(this.data, await natsBinary(() => {}), 'lasting');
  }

  /** Starts the ledger's server again after it was stopped. */
  async restartLedger(): Promise<void> {
    await this.ledger.stop();
    this.ledger = await startLedger(this.data, await natsBinary(() => {}), 'lasting');
  }

  /** The owner's app, connected. */
  async owner(): Promise<Owner> {
    this.#app ??= await loadOwnerApp(this.data, passphrase, this.sealer);
    const client = this.#track(await connectOwnerApp(this.#app, this.vine.url));
    client.onIdentity = async ({ vaultSigning, vaultEncapsulation }) => {
      if (this.#app !== undefined) this.#app = { ...this.#app, vaultSigning, vaultEncapsulation };
    };
    return new Owner(client);
  }

  /** A service that is connected under `contract`, with everything accepted by the owner. */
  async connectService(
    owner: Owner,
    contract: Contract,
    optional: string[] = [],
  ): Promise<Service> {
    const invite = (await owner.served('owner.invite', { label: 'test' })) as Invite;
    const service = await this.knock(invite, contract);
    await owner.served('owner.accept', { connection: invite.connection, optional });
    const accepted = await service.accepted;
    return this.asService({ ...service.connection, accepted });
  }

  /** A service that has asked to connect, and waits. */
  async knock(
    invite: Invite,
    contract: Contract,
  ): Promise<{ connection: ServiceConnection; accepted: Promise<ConnectionAccepted> }> {
    const connection: ServiceConnection = { keys: newServiceKeys(), invite, contract };
    const client = this.#track(await VaultClient.connect(await addressOf(connection)));
    const pending = deferred();
    const accepted = client
      .ask(
        { type: 'connection.request', payload: await connectionRequest(connection) },
        { critical: true, timeoutMs: 20_000, onPending: () => pending.resolve() },
      )
      .then((answer) => {
        if (answer.status !== 'served') throw new Error(JSON.stringify(answer));
        return inForm(answer).result as ConnectionAccepted;
      })
      .finally(() => client.close());
    accepted.catch(pending.reject);
    await pending.promise;
    return { connection, accepted };
  }

  async asService(connection: ServiceConnection, options: ClientOptions = {}): Promise<Service> {
    const address = await addressOf(connection, [this.vine.url]);
    return new Service(this.#track(await VaultClient.connect(address, options)), connection);
  }

  async destroy(): Promise<void> {
    await Promise.allSettled(this.#clients.map((client) => client.close()));
    await this.closeVault().catch(() => undefined);
    await this.ledger.stop();
    if (!this.#guest) await this.vine.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #track(client: VaultClient): VaultClient {
    this.#clients.push(client);
    return client;
  }
}

/** The owner at their app. */
export class Owner {
  readonly client: VaultClient;

  constructor(client: VaultClient) {
    this.client = client;
  }

  async ask(type: string, payload: unknown = {}): Promise<Answer> {
    return inForm(await this.client.ask({ type, payload }, { timeoutMs: 15_000 }));
  }

  async served(type: string, payload: unknown = {}): Promise<unknown> {
    const answer = await this.ask(type, payload);
    if (answer.status !== 'served') throw new Error(`${type}: ${JSON.stringify(answer)}`);
    return answer.result;
  }
}

/** A service at its end of a connection. */
export class Service {
  readonly client: VaultClient;
  readonly connection: ServiceConnection;

  constructor(client: VaultClient, connection: ServiceConnection) {
    this.client = client;
    this.connection = connection;
  }

  async request(
    type: string,
    payload: unknown,
    options: { critical?: boolean; timeoutMs?: number; acceptPending?: boolean } = {},
  ): Promise<Answer> {
    const contract = contractRef(this.connection.contract);
    const asked = { timeoutMs: 15_000, ...options };
    return inForm(await this.client.ask({ type, payload, contract }, asked));
  }

  /** Seals a request, so that its id is known before it is sent. */
  seal(type: string, payload: unknown, expires?: number): Promise<SealedEvent> {
    const contract = contractRef(this.connection.contract);
    const limit = expires === undefined ? {} : { expires };
    return this.client.seal({ type, payload, contract, ...limit });
  }

  /** A request with its event's id. */
  async asked(
    type: string,
    payload: unknown,
    options: Partial<AskOptions> = {},
  ): Promise<{ id: string; answer: Answer }> {
    const sealed = await this.seal(type, payload);
    const answer = await this.client.askSealed(sealed, { timeoutMs: 15_000, ...options });
    return { id: sealed.id, answer };
  }
}

/** The contract of `examples/`. */
export async function retailer(): Promise<Contract> {
  const url = new URL('../examples/retailer.contract.json', import.meta.url);
  return JSON.parse(await readFile(url, 'utf8')) as Contract;
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (e: unknown) => void } {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
