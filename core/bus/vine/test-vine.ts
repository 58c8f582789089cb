/* A real vine for tests, in a temporary folder, and short ways to connect to it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Status } from '@nats-io/transport-node';
import { identifierFrom } from '../../../wire/identifiers.ts';
import { fromService } from '../../../wire/subjects.ts';
import { findNatsServer } from '../nats-binary.ts';
import type { NatsServer } from '../nats-server.ts';
import { type UserPermissions, userCredential, type VineCredential } from './claims.ts';
import { connectVine } from './connect-vine.ts';
import {
  answerKeeperCredential,
  ownerAppCredential,
  partyCredential,
  sysCredential,
  vaultMessageSideCredential,
  vaultOwnerSideCredential,
} from './credentials.ts';
import { pushAccount } from './party-accounts.ts';
import type { PartyScope } from './permissions.ts';
import { streamManager } from './stream-manager.ts';
import { vineConfig } from './vine-config.ts';
import { createPartyAccount, createVineKeys, type VineKeys } from './vine-keys.ts';
import {
  answerKeeperInbox,
  everyVault,
  ownerAppInbox,
  partyInbox,
  sysInbox,
  vaultInbox,
} from './vine-names.ts';
import { startVineServer } from './vine-server.ts';

/** A connection that remembers what the server complained about. */
export type TestConnection = {
  readonly nc: NatsConnection;
  /** Messages of the asynchronous errors so far, permission violations among them. */
  readonly errors: string[];
  /** Resolves when the connection is lost for the first time. */
  readonly disconnected: Promise<void>;
  /** Everything that the listed subscriptions received. */
  listen(subject: string): Promise<Msg[]>;
  /** The answer's text, or the error's. */
  ask(subject: string, body?: string, timeoutMs?: number): Promise<string>;
};

/** One running vine with one vault. */
export class TestVine {
  readonly keys: VineKeys = createVineKeys();
  readonly vault: string = newVault();
  readonly dir: string;
  config = '';
  server: NatsServer | undefined;
  readonly #open: NatsConnection[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async start(): Promise<TestVine> {
    const vine = new TestVine(await mkdtemp(join(tmpdir(), 'vine-')));
    vine.config = await vineConfig(vine.keys, { storeDir: 'jetstream', resolverDir: 'accounts' });
    await vine.startServer();
    return vine;
  }

  async startServer(): Promise<void> {
    const { path: binary } = await findNatsServer();
    const { dir, config } = this;
    this.server = await startVineServer({ binary, dir, config, lockWaitMs: 5_000 });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#open.map((nc) => nc.close()));
    await this.server?.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  async connect(credential: VineCredential, inboxPrefix: string): Promise<TestConnection> {
    const url = this.server?.url ?? '';
    const nc = await connectVine(url, credential, { name: 'test', inboxPrefix });
    this.#open.push(nc);
    return testConnection(nc);
  }

  async sys(): Promise<NatsConnection> {
    return (await this.connect(await sysCredential(this.keys), sysInbox)).nc;
  }

  async vaultMessageSide(): Promise<TestConnection & { jsm: JetStreamManager }> {
    const credential = await vaultMessageSideCredential(this.keys, { vault: this.vault });
    const side = await this.connect(credential, vaultInbox(this.vault));
    return { ...side, jsm: await streamManager(side.nc) };
  }

  async answerKeeper(): Promise<TestConnection & { jsm: JetStreamManager }> {
    const keeper = await this.connect(await answerKeeperCredential(this.keys), answerKeeperInbox);
    return { ...keeper, jsm: await streamManager(keeper.nc) };
  }

  async vaultOwnerSide(): Promise<TestConnection> {
    const credential = await vaultOwnerSideCredential(this.keys, { vault: this.vault });
    return this.connect(credential, vaultInbox(this.vault));
  }

  async ownerApp(): Promise<TestConnection> {
    const credential = await ownerAppCredential(this.keys, { vault: this.vault });
    return this.connect(credential, ownerAppInbox(this.vault));
  }

  /** Subjects of these types, whoever sends them. */
  subjects(types: readonly string[]): string[] {
    return types.map((type) => fromService(this.vault, '*', type));
  }

  /** A new party whose account the server knows. */
  async newParty(): Promise<string> {
    const { party } = createPartyAccount();
    const sys = await this.sys();
    await pushAccount(sys, this.keys, { party, vault: this.vault });
    await sys.close();
    return party;
  }

  credentialOf(party: string, scope: PartyScope, lastsMs = 60_000): Promise<VineCredential> {
    const { keys, vault } = this;
    return partyCredential(keys, { vault, party, scope, expiresAt: Date.now() + lastsMs });
  }

  async party(party: string, scope: PartyScope = 'connected'): Promise<TestConnection> {
    return this.connect(await this.credentialOf(party, scope), partyInbox(party));
  }

  /** A new party that many vaults share, whose account the server knows. */
  async newSharedParty(): Promise<string> {
    const { party } = createPartyAccount();
    const sys = await this.sys();
    await pushAccount(sys, this.keys, { party, vault: everyVault });
    await sys.close();
    return party;
  }

  sharedCredential(party: string, scope: PartyScope): Promise<VineCredential> {
    const options = { vault: everyVault, party, scope, expiresAt: Date.now() + 60_000 };
    return partyCredential(this.keys, options);
  }

  /** The one connection of a party that many vaults share. */
  async sharedParty(party: string, scope: PartyScope = 'connected'): Promise<TestConnection> {
    return this.connect(await this.sharedCredential(party, scope), partyInbox(party));
  }

  /** A user of the party's account with permissions that the product never issues. */
  async rogue(party: string, permissions: UserPermissions): Promise<TestConnection> {
    const limits = { subs: -1, payload: -1 };
    const user = { name: 'rogue', account: party, permissions, limits };
    return this.connect(await userCredential(this.keys.issuer, user), partyInbox(party));
  }

  /** A user of the MESSAGE account, where no party belongs. */
  async insider(permissions: UserPermissions): Promise<TestConnection> {
    const user = { name: 'insider', permissions, limits: { subs: -1, payload: -1 } };
    return this.connect(await userCredential(this.keys.message, user), '_INBOX.insider');
  }
}

/** A random vault id. */
export function newVault(): string {
  return identifierFrom(randomBytes(16));
}

/** Waits until `done` holds; gives up, without a word, after a while: the assertion that follows says what is missing. */
export async function eventually(done: () => boolean, waitMs = 2_000): Promise<void> {
  for (let waitedMs = 0; waitedMs < waitMs && !done(); waitedMs += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Long enough on loopback for a message that must not arrive to arrive. */
export async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150));
}

function testConnection(nc: NatsConnection): TestConnection {
  const errors: string[] = [];
  const disconnected = new Promise<void>((resolve) => {
    void watch(nc.status(), errors, resolve);
  });
  return {
    nc,
    errors,
    disconnected,
    async listen(subject) {
      const received: Msg[] = [];
      nc.subscribe(subject, { callback: (error, msg) => void (error ?? received.push(msg)) });
      await nc.flush();
      return received;
    },
    ask: (subject, body = '', timeoutMs = 300) =>
      nc.request(subject, body, { timeout: timeoutMs }).then(
        (answer) => answer.string(),
        (error: Error) => error.message,
      ),
  };
}

async function watch(statuses: AsyncIterable<Status>, errors: string[], lost: () => void) {
  for await (const status of statuses) {
    if (status.type === 'error') errors.push(status.error.message);
    if (status.type === 'disconnect') lost();
  }
}
