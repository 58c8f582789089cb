import { randomBytes } from 'node:crypto';
import {
  connect,
  jwtAuthenticator,
  type MsgHdrs,
  type NatsConnection,
} from '@nats-io/transport-node';
import { utf8 } from '../../wire/bytes.ts';
import type { ContractRef } from '../../wire/event.ts';
import { identifierFrom } from '../../wire/identifiers.ts';
import { keptAnswersInbox, nextKeptAnswer } from '../../wire/kept-answers.ts';
import { type Answer, isAnswerType, profileShownType } from '../../wire/messages.ts';
import { fromVault, partyInbox } from '../../wire/subjects.ts';
import { type Forgery, forge, openEpoch, type SendingEpoch, type Sent } from './forgery.ts';
import { type Heard, type HearerIdentity, readHeard, type VaultEpochs } from './heard.ts';

/** How long the suite waits, in milliseconds. */
export type Waits = {
  /** For an answer that must come. */
  readonly patienceMs: number;
  /** After a vault has answered what came later, for what it must not say. */
  readonly pauseMs: number;
};

/** A token, and the seed of the key that it names. */
export type Credential = { readonly jwt: string; readonly seed: string };

/** An answer, and the message that it came in. */
export type Told = Heard & { readonly answer: Answer };

const resendMs = 2_000;
const nanosPerMs = 1_000_000;
/** Epoch numbers come from the clock, in tenths of a second since 2026, so that each run has its own. */
const epochZeroMs = Date.UTC(2026, 0, 1);
const epochStepMs = 100;

/** One party at its end of the wire, with its hands free to send anything. */
export class Peer {
  identity: HearerIdentity;
  readonly servers: readonly string[];
  readonly waits: Waits;
  /** Every message of the vault, in the order they came, read or not. */
  readonly heard: Heard[] = [];
  /** Profiles that the vault has shown: in clear, and no events. */
  readonly shown: Uint8Array[] = [];
  /** The contract that requests name. */
  contract: ContractRef | undefined;
  nc: NatsConnection;
  #epoch: SendingEpoch | undefined;
  #number = Math.floor((Date.now() - epochZeroMs) / epochStepMs);
  readonly #vaultEpochs: VaultEpochs = new Map();
  readonly #wakers = new Set<() => void>();
  #reading: Promise<void> = Promise.resolve();

  private constructor(
    nc: NatsConnection,
    identity: HearerIdentity,
    servers: readonly string[],
    waits: Waits,
  ) {
    this.nc = nc;
    this.identity = identity;
    this.servers = servers;
    this.waits = waits;
  }

  /** @throws when the vine cannot be reached or does not take the credential */
  static async connect(
    identity: HearerIdentity,
    credential: Credential,
    servers: readonly string[],
    waits: Waits,
  ): Promise<Peer> {
    const nc = await connectAs(identity.party, credential, servers);
    const peer = new Peer(nc, identity, servers, waits);
    await peer.#listen();
    await peer.renew();
    return peer;
  }

  /** With another credential, maybe as another party: what it knows and has heard stays. */
  async move(credential: Credential, party: string = this.identity.party): Promise<void> {
    const before = this.nc;
    this.become({ party });
    this.nc = await connectAs(this.identity.party, credential, this.servers);
    await this.#listen();
    await before.close();
  }

  /** Reads what the vine has kept for this party, until `wanted` was among it; nothing is acknowledged. */
  async kept(wanted: (heard: Heard) => boolean): Promise<readonly Heard[]> {
    const { party } = this.identity;
    const inbox = keptAnswersInbox(party, identifierFrom(new Uint8Array(randomBytes(16))));
    const found: Heard[] = [];
    const pulled = this.nc.subscribe(inbox, {
      callback: (error, { subject, data }) => {
        if (error !== null || subject === inbox) return;
        const bytes = new Uint8Array(data);
        this.#reading = this.#reading.then(async () => {
          found.push(await readHeard(this.identity, this.#vaultEpochs, subject, bytes));
          this.#wake();
        });
      },
    });
    const request = JSON.stringify({ batch: 64, expires: this.waits.patienceMs * nanosPerMs });
    this.nc.publish(nextKeptAnswer(party), request, { reply: inbox });
    await this.until(() => found.find(wanted));
    pulled.unsubscribe();
    return found;
  }

  /** Something about who it is, or what it knows of the vault, is another from now on. */
  become(change: Partial<HearerIdentity>): void {
    this.identity = { ...this.identity, ...change };
  }

  async close(): Promise<void> {
    await this.nc.close();
  }

  /** The epoch that is sent in. */
  get epoch(): SendingEpoch {
    if (this.#epoch === undefined) throw new Error('no epoch was opened');
    return this.#epoch;
  }

  /** A number that no epoch of this party has had. */
  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  /** Opens a new epoch and sends in it from now on. */
  async renew(): Promise<SendingEpoch> {
    this.#epoch = await openEpoch(this.identity, this.nextNumber());
    return this.#epoch;
  }

  /** Greatest epoch of the vault that was opened here. */
  get seen(): number {
    return Math.max(0, ...this.#vaultEpochs.keys());
  }

  /** An event of ours; honest but for what is forged. */
  forge(type: string, payload: unknown, forgery: Forgery = {}): Sent {
    const { identity, epoch, seen, contract } = this;
    const under = contract === undefined ? {} : { contract };
    return forge({ identity, epoch, seen, ...under }, type, payload, forgery);
  }

  publish({ subject, bytes }: Pick<Sent, 'subject' | 'bytes'>): void {
    this.nc.publish(subject, bytes);
  }

  /** Hands a message over as a critical one: what the vine says, or why it says nothing. */
  async hand({ subject, bytes }: Sent, headers?: MsgHdrs): Promise<string> {
    const more = headers === undefined ? {} : { headers };
    const options = { timeout: this.waits.patienceMs, ...more };
    try {
      return (await this.nc.request(subject, bytes, options)).string();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Answers to an event so far. */
  answers(id: string): Told[] {
    return this.heard.flatMap((heard) =>
      heard.event !== undefined && isAnswerType(heard.event.type) && heard.event.cause === id
        ? [{ ...heard, answer: heard.event.payload as unknown as Answer }]
        : [],
    );
  }

  /** Sends, again every two seconds, until one more answer is there; `undefined` when none comes. */
  async ask(sent: Sent): Promise<Told | undefined> {
    const before = this.answers(sent.id).length;
    const again = setInterval(() => this.publish(sent), resendMs);
    try {
      this.publish(sent);
      return await this.until(() => this.answers(sent.id)[before]);
    } finally {
      clearInterval(again);
    }
  }

  /** Waits for an event of that type that the vault sends by itself; those that came before do not count. */
  told(type: string, before: number): Promise<Heard | undefined> {
    return this.until(() => this.heard.slice(before).find(({ event }) => event?.type === type));
  }

  /** Waits for an answer that ends the request. */
  ended(id: string): Promise<Told | undefined> {
    return this.until(() => this.answers(id).find(({ answer }) => answer.status !== 'pending'));
  }

  /** What `find` finds, as soon as it does; `undefined` when patience is at its end. */
  async until<T>(
    find: () => T | undefined,
    ms: number = this.waits.patienceMs,
  ): Promise<T | undefined> {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = find();
      if (found !== undefined || Date.now() >= deadline) return found;
      await this.#woken(deadline - Date.now());
    }
  }

  /** Resolves when everything that the vine has given so far is read. */
  async quiet(): Promise<void> {
    await this.nc.flush();
    await this.#reading;
  }

  #woken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(late);
        this.#wakers.delete(wake);
        resolve();
      };
      const late = setTimeout(wake, Math.min(ms, 1_000));
      this.#wakers.add(wake);
    });
  }

  async #listen(): Promise<void> {
    const { vault, party } = this.identity;
    this.nc.subscribe(fromVault(vault, party, '>'), {
      callback: (error, { subject, data }) => {
        if (error !== null) return;
        const bytes = new Uint8Array(data);
        if (subject === fromVault(vault, party, profileShownType)) return this.#see(bytes);
        this.#reading = this.#reading.then(() => this.#read(subject, bytes));
      },
    });
    await this.nc.flush();
  }

  #see(profile: Uint8Array): void {
    this.shown.push(profile);
    this.#wake();
  }

  async #read(subject: string, bytes: Uint8Array): Promise<void> {
    this.heard.push(await readHeard(this.identity, this.#vaultEpochs, subject, bytes));
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}

/** Connects with a party's credential. */
export function connectAs(
  party: string,
  { jwt, seed }: Credential,
  servers: readonly string[],
): Promise<NatsConnection> {
  return connect({
    servers: [...servers],
    name: 'conformance',
    inboxPrefix: partyInbox(party),
    authenticator: jwtAuthenticator(jwt, utf8(seed)),
    reconnectTimeWait: 200,
    timeout: 10_000,
  });
}
