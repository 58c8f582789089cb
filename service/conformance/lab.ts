import type { Contract, SignedContract } from '../../wire/contract.ts';
import type { Signer } from '../../wire/crypto.ts';
import { type ConnectionAccepted, type Invite, profileGetType } from '../../wire/messages.ts';
import type { ServedType, SignedProfile } from '../../wire/profile.ts';
import { fromService } from '../../wire/subjects.ts';
import { readInvite } from '../read-invite.ts';
import {
  addressOf,
  connectionRequest,
  contractRef,
  newServiceKeys,
  type ServiceConnection,
} from '../service-identity.ts';
import { freshId, type Sent } from './forgery.ts';
import type { HandshakeCase } from './handshake-case.ts';
import { sendCases } from './handshake-cases.ts';
import type { OwnerHands } from './owner-hands.ts';
import { Peer, type Told, type Waits } from './peer.ts';
import { NotApplicable, Unavailable } from './rule.ts';
import { fields, mainTerms, stored } from './terms.ts';

/** A vault shows its profile to a party once a second. */
const askAgainMs = 1_050;

/** What the suite is given. */
export type LabOptions = {
  readonly invite: Invite;
  /** The vine, where it is elsewhere than the invite says. */
  readonly servers?: readonly string[];
  readonly owner?: OwnerHands;
  readonly waits: Waits;
  /** Which handshakes that must be refused are tried; all, where it is not said. */
  readonly cases?: (one: HandshakeCase) => boolean;
};

/** A party that has asked to connect. */
export type Knock = {
  readonly connection: ServiceConnection;
  readonly peer: Peer;
  /** Its request, and what the vine said when it took it. */
  readonly request: Sent;
  readonly acknowledged: string;
  readonly pending: Told | undefined;
  /** What was sent before it and must be refused, by the case's name. */
  readonly wrong: ReadonlyMap<string, readonly Sent[]>;
};

/** A party that the owner has accepted. */
export type Party = Knock & { readonly accepted: ConnectionAccepted; readonly told: Told };

/** Where rules are tried: one vine, one vault, whoever plays its owner, and the parties that were made. */
export class Lab {
  readonly options: LabOptions;
  readonly servers: readonly string[];
  readonly #made = new Map<string, Promise<unknown>>();
  readonly #peers: Peer[] = [];

  constructor(options: LabOptions) {
    this.options = options;
    this.servers = options.servers ?? options.invite.servers;
  }

  /** Every peer so far. */
  get peers(): readonly Peer[] {
    return this.#peers;
  }

  /** Does something once, for all rules that need what comes of it. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const made = (this.#made.get(name) as Promise<T> | undefined) ?? make();
    this.#made.set(name, made);
    return made;
  }

  /** Lets go of what was done once, so that it is done again. */
  again(name: string): void {
    this.#made.delete(name);
  }

  /** What was heard so far is not looked at any more. */
  forget(): void {
    for (const { heard } of this.#peers) heard.length = 0;
  }

  /** Has the owner do something that must succeed. */
  async owner(...words: readonly string[]): Promise<string> {
    const { result, text } = await this.tell(...words);
    if (result === 'refused') throw new Error(`the owner could not "${words[0]}": ${text}`);
    return text;
  }

  /** Has the owner do something that the vault may refuse. */
  async tell(...words: readonly string[]): Promise<{ result: 'done' | 'refused'; text: string }> {
    const { owner } = this.options;
    if (owner === undefined) throw new Unavailable(`nobody plays the owner, to "${words[0]}"`);
    const { result, text } = await owner.do(words);
    if (result === 'cannot') throw new Unavailable(`who plays the owner cannot "${words[0]}"`);
    return { result, text };
  }

  /** The suite's fields hold values. */
  stored(): Promise<void> {
    return this.once('stored', async () => {
      for (const name of stored) await this.owner('set', name, name);
    });
  }

  /** The party of the first invite, as it asks to connect. */
  knocked(): Promise<Knock> {
    const { invite, cases = () => true } = this.options;
    return this.once('knock', () => this.knock(invite, mainTerms, { cases }));
  }

  /** The party that most rules are tried with. */
  main(): Promise<Party> {
    return this.once('main', async () => this.accept(await this.knocked()));
  }

  /** A second party, whose contract's document has its members in another order. */
  second(): Promise<Party> {
    return this.once('second', async () => {
      const sign = (document: SignedContract): SignedContract => reversed(document);
      return this.accept(await this.knock(await this.invite(), mainTerms, { sign }));
    });
  }

  /** Connected with the credential of the first invite, as one who has not been accepted. */
  invitee(): Promise<Peer> {
    const { invite } = this.options;
    return this.once('invitee', () =>
      this.peer({ keys: newServiceKeys(), invite, contract: mainTerms }),
    );
  }

  /**
   * The vault says in its profile that it serves a type.
   * @throws NotApplicable when it does not
   */
  async serves(type: string): Promise<void> {
    if (!(await this.served()).some((one) => one.type === type))
      throw new NotApplicable(`the vault serves no ${type}`);
  }

  /** The types that it says it serves. */
  served(): Promise<readonly ServedType[]> {
    return this.once('served', async () => {
      const bytes = await this.shown((await this.main()).peer);
      if (bytes === undefined) throw new Error('the vault does not show its profile');
      return (JSON.parse(new TextDecoder().decode(bytes)) as SignedProfile).profile.types;
    });
  }

  /** What the vault shows of itself to somebody who asks, again every second. */
  async shown(
    peer: Peer,
    body: Uint8Array = new Uint8Array(0),
    patienceMs: number = peer.waits.patienceMs,
  ): Promise<Uint8Array | undefined> {
    const { vault, party } = peer.identity;
    const before = peer.shown.length;
    const ask = (): void => peer.nc.publish(fromService(vault, party, profileGetType), body);
    const again = setInterval(ask, askAgainMs);
    try {
      ask();
      return await peer.until(() => peer.shown[before], patienceMs);
    } finally {
      clearInterval(again);
    }
  }

  /** The second party, severed while a request of it waited for the owner. */
  severed(): Promise<Party & { readonly held: Sent; readonly waited: Told | undefined }> {
    return this.once('severed', async () => {
      const party = await this.second();
      const held = party.peer.forge('data.request', { fields: [fields.held] });
      const waited = await party.peer.ask(held);
      await this.owner('sever', party.connection.invite.connection);
      return { ...party, held, waited };
    });
  }

  /** A party of its own, under other terms. */
  under(name: string, terms: () => Contract): Promise<Party> {
    return this.once(name, async () => this.accept(await this.knock(await this.invite(), terms())));
  }

  /** Another invite. */
  async invite(): Promise<Invite> {
    const text = await this.owner('invite', 'Conformance suite');
    const invite = await readInvite(text, this.options.waits.patienceMs, this.options.servers);
    if (invite === undefined) throw new Error('what the owner handed over is no invite');
    return invite;
  }

  /** Asks to connect: what must be refused first, then the request that must not. */
  async knock(
    invite: Invite,
    contract: Contract,
    options: {
      readonly cases?: (one: HandshakeCase) => boolean;
      readonly sign?: (document: SignedContract) => SignedContract;
      /** An account of its own, which the request names. */
      readonly account?: Signer;
    } = {},
  ): Promise<Knock> {
    const connection: ServiceConnection = { keys: newServiceKeys(), invite, contract };
    const peer = await this.peer(connection);
    const { sign = (document) => document, account } = options;
    const id = freshId();
    const own = account && { account, event: id };
    const asked = await connectionRequest(connection, own);
    const payload = { ...asked, contract: sign(asked.contract) };
    const wrong = await sendCases(peer, payload, options.cases ?? (() => false));
    const request = peer.forge('connection.request', payload, { id });
    const acknowledged = await peer.hand(request);
    const pending = await peer.until(() => peer.answers(request.id)[0]);
    return { connection, peer, request, acknowledged, pending, wrong };
  }

  /** Connects as the party of an invite. */
  async peer(connection: ServiceConnection): Promise<Peer> {
    const { identity, credential } = await addressOf(connection);
    const peer = await Peer.connect(identity, credential, this.servers, this.options.waits);
    this.#peers.push(peer);
    return peer;
  }

  /** Has the owner accept, with the one optional field that is to be given. */
  async accept(knock: Knock): Promise<Party> {
    const { connection, peer, request, pending } = knock;
    if (pending?.answer.status !== 'pending')
      throw new Error('the request to connect was not answered "pending"');
    await this.owner('approve', connection.invite.connection, '--optional', fields.accepted);
    const told = await peer.ended(request.id);
    if (told?.answer.status !== 'served')
      throw new Error('the owner accepted, and no "served" came');
    const accepted = told.answer.result as ConnectionAccepted;
    await peer.move(accepted.credential, accepted.party);
    peer.contract = contractRef(connection.contract);
    return { ...knock, accepted, told };
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#peers.map((peer) => peer.close()));
  }
}

/** The same JSON, the members of each object in the opposite order. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, member]) => [name, reversed(member)])) as T;
}
