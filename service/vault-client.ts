import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { type Event, isMap } from '../wire/event.ts';
import { knownKeyIds } from '../wire/handover.ts';
import { isAnswerType, keptAnswerType, keysChangedType } from '../wire/messages.ts';
import { signRekey } from '../wire/rekey.ts';
import {
  forApp,
  forVault,
  fromService,
  fromVault,
  ownerAppInbox,
  partyInbox,
} from '../wire/subjects.ts';
import { AwaitedAnswers, gone } from './awaited-answers.ts';
import { type CheckedAnswer, checkedAnswer } from './checked-answer.ts';
import type { AskOptions, ClientOptions, SharedOptions, VaultAddress } from './client-options.ts';
import { handOver } from './hand-over.ts';
import { HeardAnswers } from './heard-answers.ts';
import { KeptAnswers, type Reading } from './kept-answers.ts';
import {
  type OutgoingEvent,
  type OwnKeys,
  type PeerIdentity,
  PeerSession,
  type SealedEvent,
} from './session.ts';
import { followed, knownKeysOf } from './vault-keys.ts';
import { connectAs } from './vine-link.ts';

const resendMs = 2_000;
const learnWithinMs = 5_000;
/** Handovers come some at a time; so often are more asked for. */
const roundsMax = 100;

type ClientParts = ClientOptions & { readonly session?: PeerSession; readonly owns: boolean };

/** A conversation with one vault: of a service, or of its owner's app. */
export class VaultClient {
  readonly #nc: NatsConnection;
  readonly #session: PeerSession;
  #identity: PeerIdentity;
  /** Messages are taken one after another: what tells of a new key comes before what that has signed. */
  #taken: Promise<void> = Promise.resolve();
  /** What is under way about the vault's keys. */
  #learning: Promise<void> | undefined;
  #toLearn = false;
  readonly #waiting = new AwaitedAnswers();
  readonly #owns: boolean;
  readonly #answers: HeardAnswers;
  #heard: Subscription | undefined;
  #kept: KeptAnswers | undefined;
  #wake: () => void = () => this.#kept?.wake();
  /** Called with every event of the vault that answers nothing. */
  onEvent: (event: Event) => void = () => {};
  /**
   * Called when the vault has other keys, or we have, and before the vault is told that they are known:
   * whoever keeps an identity keeps this one.
   */
  onIdentity: (identity: PeerIdentity) => Promise<void> = async () => {};

  private constructor(
    nc: NatsConnection,
    identity: PeerIdentity,
    { session = new PeerSession(identity), owns, onAnswer }: ClientParts,
  ) {
    this.#nc = nc;
    this.#identity = identity;
    this.#session = session;
    this.#owns = owns;
    this.#answers = new HeardAnswers(onAnswer);
    void nc.closed().then(() => this.#waiting.loseAll());
  }

  /**
   * Talks to a vault over a connection of its own.
   * @throws ServiceError NOT_CONNECTED
   */
  static async connect(
    { servers, credential, identity }: VaultAddress,
    options: ClientOptions = {},
  ): Promise<VaultClient> {
    const { vault, party } = identity;
    const who =
      party === 'owner'
        ? { name: 'owner-app', inboxPrefix: ownerAppInbox(vault) }
        : { name: 'service', inboxPrefix: partyInbox(party) };
    const nc = await connectAs(servers, who, () => credential);
    const client = new VaultClient(nc, identity, { ...options, owns: true });
    if (party !== 'owner') client.#kept = client.#readKept();
    await client.#listen();
    return client;
  }

  /** Talks to a vault over a connection that others use too. Closing it leaves that connection open. */
  static async over(
    nc: NatsConnection,
    identity: PeerIdentity,
    { before, wake, ...options }: SharedOptions,
  ): Promise<VaultClient> {
    const session = before === undefined ? undefined : before.#session.continued(identity);
    const client = new VaultClient(nc, identity, {
      ...options,
      owns: false,
      ...(session === undefined ? {} : { session }),
    });
    client.#wake = wake;
    await client.#listen();
    return client;
  }

  async #listen(): Promise<void> {
    const { vault, party } = this.#identity;
    const subject = party === 'owner' ? forApp(vault, '>') : fromVault(vault, party, '>');
    this.#heard = this.#nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) void this.#take(message).catch(() => undefined);
      },
    });
    await this.#nc.flush();
  }

  /** Seals an event without sending it. */
  async seal(outgoing: OutgoingEvent): Promise<SealedEvent> {
    const { vault, party } = this.#identity;
    const subject =
      party === 'owner' ? forVault(vault, outgoing.type) : fromService(vault, party, outgoing.type);
    return this.#session.seal(subject, outgoing);
  }

  /**
   * Sends an event and waits for its answer, whose statement is checked. A best-effort event is sent
   * again, byte for byte, until something answers: the vault decides about an id once.
   * @throws ServiceError NOT_CONNECTED, NOT_ACCEPTED, FULL, NO_ANSWER
   */
  async ask(outgoing: OutgoingEvent, options: AskOptions): Promise<CheckedAnswer> {
    const answer = await this.askSealed(await this.seal(outgoing), options);
    if (answer.status !== 'refused' || answer.code !== 'key_unknown') return answer;
    // Another session of ours was faster with a later epoch, or the vault has lost this one.
    this.#session.renew();
    return this.askSealed(await this.seal(outgoing), options);
  }

  /** `ask` for an event that is sealed already. */
  async askSealed(sealed: SealedEvent, options: AskOptions): Promise<CheckedAnswer> {
    const answered = this.#waiting.wait(sealed.id, options);
    answered.catch(() => undefined);
    const resend = setInterval(() => {
      if (options.critical !== true && !this.#nc.isClosed()) this.#publish(sealed);
    }, resendMs);
    if (options.critical === true) this.#wake();
    try {
      if (options.critical === true) await this.submit(sealed);
      else this.#publish(sealed);
      return await answered;
    } finally {
      clearInterval(resend);
      this.#waiting.end(sealed.id);
    }
  }

  /**
   * Hands a critical event to the messaging layer; when this resolves it is durable there.
   * @throws ServiceError NOT_CONNECTED, NOT_ACCEPTED; FULL, when the vault must take some of those that wait first
   */
  async submit(sealed: SealedEvent, timeoutMs = 10_000): Promise<void> {
    if (this.#nc.isClosed()) throw gone();
    await handOver(this.#nc, sealed, timeoutMs);
  }

  /**
   * Asks the vault for the handovers that lead from the keys that we know to those in force, and says which ones we
   * know by now.
   * @throws ServiceError NO_ANSWER
   */
  async learnKeys(timeoutMs: number = learnWithinMs): Promise<void> {
    for (let round = 0; round < roundsMax; round++) {
      const payload = knownKeyIds(knownKeysOf(this.#identity));
      const answer = await this.ask({ type: this.#keysType, payload }, { timeoutMs });
      if (answer.status !== 'served') return;
      const { handovers } = answer.result as { handovers: readonly unknown[] };
      if (handovers.length === 0) return this.#session.settle();
      if (!(await this.#follow(handovers))) return;
    }
  }

  /**
   * Hands over to other keys of ours. Keep them before this is called, and the old ones until it has been
   * served: the vault has taken them, or not.
   * @throws ServiceError NOT_ACCEPTED, NO_ANSWER
   */
  async rekey(next: OwnKeys, timeoutMs: number): Promise<CheckedAnswer> {
    const { vault, connection, signer, encapsulation } = this.#identity;
    const place = { vault, connection, before: signer.publicKey };
    const payload = signRekey(place, next.signer, next.encapsulation.publicKey);
    const also = { ...this.#identity, alsoOpens: [next.encapsulation] };
    this.#become(also);
    const answer = await this.ask(
      { type: 'connection.rekey', payload },
      { critical: true, timeoutMs },
    );
    if (answer.status === 'served') {
      this.#become({ ...this.#identity, ...next, alsoOpens: [encapsulation] });
      await this.onIdentity(this.#identity);
    }
    return answer;
  }

  /** Hears nothing any more once what is under way about keys is done, and ends the connection where it is its own. */
  async close(): Promise<void> {
    await this.#taken;
    await this.#learning;
    if (!this.#nc.isClosed()) {
      await this.#answers.settled();
      this.#heard?.unsubscribe();
    }
    await this.#kept?.stop();
    if (!this.#owns) return;
    await this.#nc.flush().catch(() => undefined);
    await this.#nc.close();
  }

  #publish({ subject, bytes }: SealedEvent): void {
    if (this.#nc.isClosed()) throw gone();
    this.#nc.publish(subject, bytes);
  }

  /** Whether a kept answer would be taken now. */
  get wantsKept(): boolean {
    return this.#answers.interested || this.#waiting.size > 0;
  }

  /** Takes a message of the party's consumer, which is of this vault. */
  takeKept(message: Msg): Promise<Reading> {
    return this.#take(message, true);
  }

  #readKept(): KeptAnswers {
    return KeptAnswers.start(this.#nc, this.#identity.party, {
      take: (message) => this.takeKept(message),
      interested: () => this.wantsKept,
    });
  }

  get #keysType(): string {
    return this.#identity.party === 'owner' ? 'owner.keys' : 'connection.keys';
  }

  /**
   * One after another, up to what it says of keys. Whoever is told of an answer may ask something itself, so nothing waits for that.
   * @param toAcknowledge - it comes from the party's consumer
   */
  async #take(message: Msg, toAcknowledge = false): Promise<Reading> {
    const opened = this.#taken.then(() => this.#open(message));
    this.#taken = opened.then(
      () => undefined,
      () => undefined,
    );
    const event = await opened;
    // Not authentic, or not in form: it will never be either.
    if (event === undefined) return 'taken';
    const { id, type, cause } = event;
    if (!isAnswerType(type) || !isMap(event.payload) || cause === undefined) {
      this.onEvent(event);
      return 'taken';
    }
    const answer = checkedAnswer(this.#identity, event);
    const isUnknown = answer.check?.ok === false && answer.check.fault === 'key_unknown';
    if (isUnknown && answer.type !== this.#keysType) this.#learn();
    const heard = { id, event: cause, answer, isKept: type === keptAnswerType, toAcknowledge };
    return this.#answers.take(heard, this.#waiting.taker(cause));
  }

  /** The event in a message, unless it is one about keys, which is followed here. */
  async #open(message: Msg): Promise<Event | undefined> {
    const event = await this.#session.open(message.subject, message.data);
    if (event?.type !== keysChangedType) return event;
    await this.#told(event);
    return undefined;
  }

  async #told(event: Event): Promise<void> {
    const handovers = isMap(event.payload) ? event.payload['handovers'] : undefined;
    await this.#follow(handovers);
    // Also where they lead nowhere new: what we said the last time may have been lost.
    this.#learn();
  }

  /** What cannot be learned now is told again when we come with a new epoch. */
  #learn(): void {
    this.#toLearn = true;
    this.#learning ??= this.#learnAll().finally(() => {
      this.#learning = undefined;
    });
  }

  /** Once more for what came meanwhile. */
  async #learnAll(): Promise<void> {
    while (this.#toLearn) {
      this.#toLearn = false;
      await this.learnKeys().catch(() => undefined);
    }
  }

  async #follow(handovers: unknown): Promise<boolean> {
    const next = followed(this.#identity, handovers);
    if (next === undefined) return false;
    this.#become(next);
    await this.onIdentity(next);
    return true;
  }

  #become(identity: PeerIdentity): void {
    this.#identity = identity;
    this.#session.become(identity);
  }
}
