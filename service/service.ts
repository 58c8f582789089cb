/* `cambium/service`: what a service imports to talk to vaults. docs/service.md is its guide. */
import { randomBytes } from 'node:crypto';
import { grantTold } from '../wire/agent-contract.ts';
import { agentGrantedType } from '../wire/agent-grant.ts';
import type { AgentOffer } from '../wire/agent-terms.ts';
import { fromBase64url, toBase64url } from '../wire/bytes.ts';
import type { Contract } from '../wire/contract.ts';
import { type Signer, signerFrom } from '../wire/crypto.ts';
import type { InviteLink } from '../wire/invite-link.ts';
import type { ConnectionAccepted, Invite } from '../wire/messages.ts';
import { sameServers } from '../wire/servers.ts';
import {
  type AskedAs,
  type ConnectOptions,
  connectionFor,
  ownersWord,
  sealedRequest,
  withRequest,
} from './asking.ts';
import type { CheckedAnswer } from './checked-answer.ts';
import { ServiceError } from './errors.ts';
import type { LateAnswer } from './heard-answers.ts';
import { inviteIn, inviteOf, isWhole } from './invite-link.ts';
import { learnGrant } from './learn-grant.ts';
import { type Accepted, Links } from './links.ts';
import { type ProfilePlace, profilePlace } from './profile.ts';
import {
  acceptedBy,
  addressOf,
  isAskingAgent,
  type PartyConnection,
  type ServiceConnection,
} from './service-identity.ts';
import { folderStore, type ServiceStore } from './service-store.ts';
import { type Vault, vaultOf } from './vault.ts';
import { VaultClient } from './vault-client.ts';
import { keptVaultKeys } from './vault-keys.ts';

/** What came of asking to connect. */
export type ConnectResult =
  | { readonly status: 'connected'; readonly vault: Vault }
  /** The owner has not decided yet: `connect` with the same invite goes on waiting. */
  | { readonly status: 'pending'; readonly connection: string }
  | { readonly status: 'refused'; readonly code: string };

/** How a service is opened. */
export type ServiceOptions = {
  /** Where it keeps its keys and connections: a folder, or a store of your own. */
  readonly store: string | ServiceStore;
  /** Servers to connect to, where they are not those of the invite. */
  readonly servers?: (invite: InviteLink) => readonly string[];
  /** Is shown each answer, with its signed statement: to be kept as evidence. */
  readonly onAnswer?: (connection: string, answer: CheckedAnswer) => void;
  /**
   * Is told each answer to a critical event that came while nobody waited for it, once: by the event's id. The messaging layer keeps it
   * until this has resolved; without it they stay there, for 30 days.
   */
  readonly onLateAnswer?: (connection: string, late: LateAnswer) => void | Promise<void>;
};

const profileWaitMs = 15_000;

type OpenOptions = ServiceOptions & { readonly store: ServiceStore };

/**
 * Opens a service on what it has kept, and connects to its vines. A vault that cannot be reached now is
 * tried again when it is asked.
 */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { store: place } = options;
  const store = typeof place === 'string' ? folderStore(place) : place;
  const { account = await newAccount(store), connections } = await store.load();
  const signer = signerFrom(fromBase64url(account));
  const service = new Service({ ...options, store }, signer, connections);
  await service.reach();
  return service;
}

/** A service, with all the vaults that it is connected to. */
export class Service {
  readonly #options: OpenOptions;
  readonly #account: Signer;
  readonly #connections = new Map<string, PartyConnection>();
  readonly #vaults = new Map<string, Vault>();
  readonly #links: Links;

  /** `openService` makes one. */
  constructor(options: OpenOptions, account: Signer, connections: readonly PartyConnection[]) {
    this.#options = options;
    this.#account = account;
    this.#links = new Links({
      servers: (connection) => this.#servers(connection),
      save: ({ invite, accepted }) => this.#keep(invite.connection, { accepted }),
      ...(options.onLateAnswer === undefined ? {} : { onLate: options.onLateAnswer }),
    });
    for (const connection of connections) {
      this.#connections.set(connection.invite.connection, connection);
      if (isAccepted(connection)) this.#add(connection);
    }
  }

  /** Vaults by the id of their connection. */
  get vaults(): ReadonlyMap<string, Vault> {
    return this.#vaults;
  }

  /** Connections to the messaging layer that stand: one for each vine, whatever the number of vaults. */
  get connections(): number {
    return this.#links.count;
  }

  /** Connects to the vines of all vaults, as far as they can be reached: by the credential that lasts longest. */
  async reach(): Promise<void> {
    const latest = [...this.#connections.values()].filter(isAccepted);
    latest.sort((a, b) => b.accepted.expires - a.accepted.expires);
    await Promise.allSettled(latest.map(({ invite }) => this.#clientOf(invite.connection)));
  }

  /**
   * Asks to connect under a contract, and waits for the owner. Asking again with the same invite or link goes
   * on with the same request, also after a restart.
   * @throws ServiceError BAD_INVITE; NOT_CONNECTED or NOT_ACCEPTED when the invite is spent or over, or its
   *   messaging layer away; NO_ANSWER
   */
  async connect(
    invite: string,
    contract: Contract,
    options: ConnectOptions = {},
  ): Promise<ConnectResult> {
    return this.#connect(invite, { contract }, options);
  }

  /**
   * Asks to connect as an agent, with an invite that the owner made for one, and waits for them. It brings no contract: what it may
   * do is in the vault's `contract` then, and may become something else at any time.
   * @throws ServiceError as `connect`
   */
  async connectAgent(
    invite: string,
    agent: AgentOffer,
    options: ConnectOptions = {},
  ): Promise<ConnectResult> {
    return this.#connect(invite, { agent }, options);
  }

  async #connect(invite: string, as: AskedAs, options: ConnectOptions): Promise<ConnectResult> {
    const connection = connectionFor(await this.#inviteIn(invite), as, this.#connections);
    const vault = this.#vaults.get(connection.invite.connection);
    if (vault !== undefined) return { status: 'connected', vault };
    const servers = this.#servers(connection);
    const client = await VaultClient.connect(await addressOf(connection, servers));
    try {
      return await this.#ask(client, connection, options);
    } finally {
      await client.close();
    }
  }

  /** Forgets a vault. Its keys are gone here, whatever its owner does. */
  async forget(connection: string): Promise<void> {
    await this.#options.store.remove(connection);
    this.#connections.delete(connection);
    this.#vaults.delete(connection);
    await this.#links.drop(connection);
  }

  /** Ends all connections. What was kept can be opened again. */
  async close(): Promise<void> {
    await this.#links.close();
  }

  async #ask(
    client: VaultClient,
    connection: PartyConnection,
    options: ConnectOptions,
  ): Promise<ConnectResult> {
    const { connection: id } = connection.invite;
    const sealed = await sealedRequest(client, connection, this.#account);
    await this.#save(withRequest(connection, sealed));
    const answer = await ownersWord(client, sealed, options);
    this.#options.onAnswer?.(id, answer);
    if (answer.status === 'pending') return { status: 'pending', connection: id };
    if (answer.status === 'refused') {
      await this.forget(id);
      return { status: 'refused', code: answer.code };
    }
    const accepted = acceptedBy(connection, answer.result as ConnectionAccepted);
    if (accepted === undefined) throw new ServiceError('NOT_ACCEPTED', 'the vault granted nothing');
    await this.#save(accepted);
    await this.#links.clientOf(accepted, client);
    const vault = this.#add(accepted);
    // Whoever says nothing yet is told of what happens, too.
    await this.#clientOf(id);
    return { status: 'connected', vault };
  }

  #add(connection: Accepted): Vault {
    const { connection: id } = connection.invite;
    const vault = vaultOf(connection, {
      client: () => this.#clientOf(id),
      place: () => this.#placeOf(id),
      onAnswer: (answer) => this.#options.onAnswer?.(id, answer),
      terms: () => this.#connections.get(id)?.contract ?? connection.contract,
      ...(connection.agent === undefined ? {} : { learn: () => this.#learn(id) }),
    });
    this.#vaults.set(id, vault);
    return vault;
  }

  /** Learns what an agent may do now. */
  async #learn(id: string): Promise<void> {
    await this.#granted(id, await learnGrant(await this.#clientOf(id)));
  }

  /** Keeps what a vault says of an agent's grant, unless it is older than what is known. */
  async #granted(id: string, contract: Contract | undefined): Promise<void> {
    const known = this.#connections.get(id);
    if (contract === undefined || known?.agent === undefined || !isAccepted(known)) return;
    if (contract.version > known.contract.version) await this.#keep(id, { contract });
  }

  async #clientOf(id: string): Promise<VaultClient> {
    const connection = this.#connections.get(id);
    if (connection === undefined || !isAccepted(connection))
      throw new ServiceError('NOT_CONNECTED', 'this vault is forgotten');
    const client = await this.#links.clientOf(connection);
    client.onEvent = (event) => {
      if (event.type === agentGrantedType) void this.#granted(id, grantTold(event.payload));
      this.#vaults.get(id)?.onEvent(event);
    };
    client.onIdentity = (identity) => this.#keep(id, { vaultKeys: keptVaultKeys(identity) });
    client.onServers = (servers) => this.#moved(id, servers);
    return client;
  }

  /** Where and how the profile of a vault is asked for. */
  async #placeOf(id: string): Promise<ProfilePlace> {
    const connection = this.#connections.get(id);
    if (connection === undefined)
      throw new ServiceError('NOT_CONNECTED', 'this vault is forgotten');
    return profilePlace(await addressOf(connection, this.#servers(connection)));
  }

  /** A vault is reached elsewhere: kept first, then its link goes there as soon as it can. */
  async #moved(id: string, servers: readonly string[]): Promise<void> {
    const before = this.#connections.get(id);
    await this.#keep(id, { servers });
    const next = this.#connections.get(id);
    if (before === undefined || next === undefined || !isAccepted(next)) return;
    if (sameServers(this.#servers(before), this.#servers(next))) return;
    void this.#links.move(next).then(() => this.#clientOf(id).catch(() => undefined));
  }

  /** Keeps something more of a connection, unless it has been forgotten meanwhile. */
  async #keep(id: string, more: Partial<ServiceConnection>): Promise<void> {
    const known = this.#connections.get(id);
    if (known !== undefined && !isAskingAgent(known)) await this.#save({ ...known, ...more });
  }

  async #save(connection: PartyConnection): Promise<void> {
    await this.#options.store.save(connection);
    this.#connections.set(connection.invite.connection, connection);
  }

  /** The invite in a text: a link's is fetched, unless it has been before. */
  async #inviteIn(text: string): Promise<Invite> {
    const found = inviteIn(text);
    if (found === undefined) throw new ServiceError('BAD_INVITE', 'this is not an invite');
    if (isWhole(found)) return found;
    const before = this.#connections.get(found.connection)?.invite;
    return before ?? inviteOf(found, profileWaitMs, this.#options.servers?.(found));
  }

  #servers({ invite, servers }: Pick<PartyConnection, 'invite' | 'servers'>): readonly string[] {
    return this.#options.servers?.(invite) ?? servers ?? invite.servers;
  }
}

function isAccepted(connection: PartyConnection): connection is Accepted {
  return !isAskingAgent(connection) && connection.accepted !== undefined;
}

/** A key of the service's own: its account, on every vine. */
async function newAccount(store: ServiceStore): Promise<string> {
  const seed = toBase64url(new Uint8Array(randomBytes(32)));
  await store.saveAccount(seed);
  return seed;
}
