import type { ConnectionAccepted, CredentialGranted } from '../wire/messages.ts';
import { parseSubject } from '../wire/subjects.ts';
import { claimsOf, renewalTime } from './credentials.ts';
import { ServiceError } from './errors.ts';
import type { LateAnswer } from './heard-answers.ts';
import { KeptAnswers } from './kept-answers.ts';
import { keepRenewed, type Renewals } from './renewals.ts';
import { addressOf, type ServiceConnection } from './service-identity.ts';
import { renewedBy } from './vault.ts';
import { VaultClient } from './vault-client.ts';
import { handedOver, VineLink } from './vine-link.ts';

/** A connection that its owner has accepted. */
export type Accepted = ServiceConnection & { readonly accepted: ConnectionAccepted };

/** What the links of a service need from it. */
export type LinkHooks = {
  readonly servers: (connection: ServiceConnection) => readonly string[];
  /** Is told answers of a connection that came while nobody waited. */
  readonly onLate?: (connection: string, late: LateAnswer) => void | Promise<void>;
  /** Keeps the new credential of a connection. */
  readonly save: (connection: Accepted) => Promise<void>;
};

const moveAgainMs = 1_000;

type Open = {
  readonly link: VineLink;
  readonly kept: KeptAnswers;
  readonly vaults: Map<string, { connection: Accepted; client: VaultClient }>;
  readonly renewals: Renewals;
};

/** A service's connections to the messaging layer: one for each vine and party, whatever the number of vaults. */
export class Links {
  readonly #hooks: LinkHooks;
  readonly #open = new Map<string, Promise<Open>>();
  readonly #clients = new Map<string, Promise<VaultClient>>();

  #closed = false;

  constructor(hooks: LinkHooks) {
    this.#hooks = hooks;
  }

  /** Connections to the messaging layer that stand. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * The client of a connection, over the link that its party has.
   * @param before - the client that asked for the connection
   * @throws ServiceError NOT_CONNECTED
   */
  clientOf(connection: Accepted, before?: VaultClient): Promise<VaultClient> {
    const { connection: id } = connection.invite;
    const known = this.#clients.get(id);
    if (known !== undefined) return known;
    const client = this.#connect(connection, before);
    this.#clients.set(id, client);
    client.catch(() => this.#clients.delete(id));
    return client;
  }

  /**
   * Goes on with a connection where its vault is reached now: over the link that it had until the next one stands.
   * Until then, and while anybody waits for an answer there, both do.
   */
  async move(connection: Accepted): Promise<void> {
    const { connection: id } = connection.invite;
    const before = await this.#clients.get(id)?.catch(() => undefined);
    const next = await this.#connectAgain(connection, before);
    if (next === undefined) return;
    this.#clients.set(id, Promise.resolve(next.client));
    await before?.closeWhenIdle();
    for (const [key, opened] of [...this.#open]) {
      const open = await opened.catch(() => undefined);
      if (open === undefined || open.link === next.link) continue;
      const had = open.vaults.delete(id);
      if (!had || open.vaults.size > 0) continue;
      this.#ended(key, open);
      await open.kept.stop();
      await open.link.close();
    }
  }

  /** Tries until it works, or until nobody is connected any more. */
  async #connectAgain(
    connection: Accepted,
    before: VaultClient | undefined,
  ): Promise<{ client: VaultClient; link: VineLink } | undefined> {
    for (;;) {
      const { connection: id } = connection.invite;
      if (this.#closed) return undefined;
      const client = await this.#connect(connection, before).catch(() => undefined);
      if (client !== undefined) return { client, link: (await this.#linkOf(connection)).link };
      await new Promise((resolve) => setTimeout(resolve, moveAgainMs).unref());
      if (!this.#clients.has(id) && before !== undefined) return undefined;
    }
  }

  /** Lets go of one connection; the link that it shares with others stays. */
  async drop(connection: string): Promise<void> {
    const client = await this.#clients.get(connection)?.catch(() => undefined);
    this.#clients.delete(connection);
    for (const result of await Promise.allSettled(this.#open.values()))
      if (result.status === 'fulfilled') result.value.vaults.delete(connection);
    await client?.close();
  }

  /** Ends every link. */
  async close(): Promise<void> {
    this.#closed = true;
    const links = await Promise.allSettled(this.#open.values());
    for (const result of links) {
      if (result.status === 'rejected') continue;
      const { renewals, kept, vaults, link } = result.value;
      renewals.end();
      await Promise.all([...vaults.values()].map(({ client }) => client.close()));
      await kept.stop();
      await handedOver(link.nc);
      await link.close();
    }
  }

  async #connect(connection: Accepted, before?: VaultClient): Promise<VaultClient> {
    const { link, kept, vaults, renewals } = await this.#linkOf(connection);
    const { identity } = await addressOf(connection);
    const { connection: id } = connection.invite;
    const { onLate } = this.#hooks;
    const told = onLate === undefined ? {} : { onAnswer: (late: LateAnswer) => onLate(id, late) };
    const wake = (): void => kept.wake();
    const client = await VaultClient.over(link.nc, identity, { before, wake, ...told });
    vaults.set(id, { connection, client });
    wake();
    if (link.isOver) await renewals.now();
    // One that is fresh is not replaced by each vault that comes.
    if (Date.now() >= renewalTime(link.granted)) await link.adopt(connection.accepted);
    return client;
  }

  #linkOf(connection: Accepted): Promise<Open> {
    const servers = this.#hooks.servers(connection);
    const issuer = claimsOf(connection.accepted.credential)?.issuer ?? '';
    const key = [connection.accepted.party, issuer, ...[...servers].sort()].join(' ');
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const opened = this.#openLink(connection, servers, key);
    this.#open.set(key, opened);
    opened.catch(() => this.#open.delete(key));
    return opened;
  }

  async #openLink({ accepted }: Accepted, servers: readonly string[], key: string): Promise<Open> {
    const link = await VineLink.open({ servers, party: accepted.party }, accepted);
    const vaults: Open['vaults'] = new Map();
    const renewals = keepRenewed(link, () => this.#renew(link, vaults));
    const open = { link, kept: readKept(link, vaults), vaults, renewals };
    void link.nc.closed().then(() => this.#ended(key, open));
    return open;
  }

  /** The vine serves this link no more: whoever asks next connects anew, or is told why not. */
  #ended(key: string, { vaults, renewals }: Open): void {
    renewals.end();
    this.#open.delete(key);
    for (const id of vaults.keys()) this.#clients.delete(id);
  }

  /** Any vault of the link may renew its credential; the one that does is asked last the next time. */
  async #renew(link: VineLink, vaults: Open['vaults']): Promise<CredentialGranted | undefined> {
    for (const [id, { connection, client }] of [...vaults]) {
      vaults.delete(id);
      const granted = await renewedBy(client).catch((error: unknown) => {
        if (error instanceof ServiceError) return undefined;
        throw error;
      });
      const next =
        granted === undefined
          ? connection
          : { ...connection, accepted: { ...connection.accepted, ...granted } };
      vaults.set(id, { connection: next, client });
      if (granted === undefined) continue;
      await this.#hooks.save(next);
      return granted.expires > link.granted.expires ? granted : undefined;
    }
    return undefined;
  }
}

/** Reads the answers of all vaults of a link that were kept for its party: one reader, whatever their number. */
function readKept({ nc, address }: VineLink, vaults: Open['vaults']): KeptAnswers {
  return KeptAnswers.start(nc, address.party, {
    take: async (message) => {
      const vault = parseSubject(message.subject)?.vault;
      const of = [...vaults.values()].find(({ connection }) => connection.invite.vault === vault);
      return of === undefined ? 'left' : of.client.takeKept(message);
    },
    interested: () => [...vaults.values()].some(({ client }) => client.wantsKept),
  });
}
