import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { type Event, isMap } from '../wire/event.ts';
import {
  connectionMovedType,
  isAnswerType,
  keptAnswerType,
  keysChangedType,
} from '../wire/messages.ts';
import { signRekey } from '../wire/rekey.ts';
import { serversIn } from '../wire/servers.ts';
import { againLater } from './again-later.ts';
import { AwaitedAnswers, gone } from './awaited-answers.ts';
import { type CheckedAnswer, checkedAnswer, isOfAnotherEpoch } from './checked-answer.ts';
import type { AskOptions, ClientOptions, SharedOptions, VaultAddress } from './client-options.ts';
import { handOver } from './hand-over.ts';
import { HeardAnswers } from './heard-answers.ts';
import { KeptAnswers, type Reading } from './kept-answers.ts';
import { LearningKeys } from './learning-keys.ts';
import { connectsAs, heardOn, saidOn } from './own-subjects.ts';
import {
  type OutgoingEvent,
  type OwnKeys,
  type PeerIdentity,
  PeerSession,
  type SealedEvent,
} from './session.ts';
import { unsealed } from './unsealed.ts';
import { connectAs, handedOver } from './vine-link.ts';

const resendMs = 2_000;
const learnWithinMs = 5_000;
/** So often is an event sealed anew in another epoch. */
const epochTriesMax = 3;

type ClientParts = ClientOptions & { readonly session?: PeerSession; readonly owns: boolean };

/** A conversation with one vault: of a service, or of its owner's app. */
export class VaultClient {
  readonly #nc: NatsConnection;
  readonly #session: PeerSession;
  #identity: PeerIdentity;
  /** Messages are taken one after another: what tells of a new key comes before what that has signed. */
  #taken: Promise<void> = Promise.resolve();
  readonly #keys: LearningKeys;
  /** What is under way about where it is reached. */
  #saying: Promise<void> | undefined;
  readonly #ending = new AbortController();
  readonly #waiting = new AwaitedAnswers();
  readonly #owns: boolean;
  readonly #answers: HeardAnswers;
  #heard: Subscription | undefined;
  /** Resolves when nothing comes over its connection any more. */
  readonly closed: Promise<void>;
  #kept: KeptAnswers | undefined;
  #wake: () => void = () => this.#kept?.wake();
  /** Called with every event of the vault that answers nothing. */
  onEvent: (event: Event) => void = () => {};
  /**
   * Called when the vault has other keys, or we have, and before the vault is told that they are known:
   * whoever keeps an identity keeps this one.
   */
  onIdentity: (identity: PeerIdentity) => Promise<void> = async () => {};
  /** Called with other addresses of the vault, to keep them, before it is told so. Without it they are passed over, and told again. */
  onServers: ((servers: readonly string[]) => Promise<void>) | undefined;

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
    this.#keys = new LearningKeys({
      identity: () => this.#identity,
      become: async (next) => {
        this.#become(next);
        await this.onIdentity(next);
      },
      ask: (outgoing, options) => this.ask(outgoing, options),
      settle: () => this.#session.settle(),
      ending: this.#ending.signal,
    });
    this.closed = nc.closed().then(() => this.#waiting.loseAll());
  }

  /**
   * Talks to a vault over a connection of its own.
   * @throws ServiceError NOT_CONNECTED
   */
  static async connect(
    { servers, credential, identity }: VaultAddress,
    options: ClientOptions = {},
  ): Promise<VaultClient> {
    const nc = await connectAs(servers, connectsAs(identity), () => credential);
    const client = new VaultClient(nc, identity, { ...options, owns: true });
    if (identity.party !== 'owner') client.#kept = client.#readKept();
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
    if (before !== undefined) client.#goOnFor(before);
    await client.#listen();
    if (before !== undefined) before.onEvent = () => {};
    return client;
  }

  #goOnFor({ onEvent, onIdentity, onServers }: VaultClient): void {
    this.onEvent = onEvent;
    this.onIdentity = onIdentity;
    this.onServers = onServers;
  }

  async #listen(): Promise<void> {
    this.#heard = this.#nc.subscribe(heardOn(this.#identity), {
      callback: (error, message) => {
        if (error === null) void this.#take(message).catch(() => undefined);
      },
    });
    await this.#nc.flush();
  }

  /**
   * Seals an event without sending it.
   * @throws ServiceError TOO_LARGE
   */
  async seal(outgoing: OutgoingEvent): Promise<SealedEvent> {
    return this.#session.seal(saidOn(this.#identity, outgoing.type), outgoing).catch(unsealed);
  }

  /**
   * Sends an event and waits for its answer, whose statement is checked. A best-effort event is sent
   * again, byte for byte, until something answers: the vault decides about an id once.
   * @throws ServiceError NOT_CONNECTED, NOT_ACCEPTED, FULL, NO_ANSWER
   */
  async ask(outgoing: OutgoingEvent, options: AskOptions): Promise<CheckedAnswer> {
    for (let tries = 1; ; tries++) {
      const answer = await this.askSealed(await this.seal(outgoing), options);
      if (tries === epochTriesMax || !isOfAnotherEpoch(answer)) return answer;
      this.#session.renew();
    }
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
   * Learns the vault's keys of now, and says which ones we know.
   * @throws ServiceError NO_ANSWER
   */
  learnKeys(timeoutMs?: number): Promise<void> {
    return this.#keys.learn(timeoutMs);
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
    this.#ending.abort();
    await this.#keys.settled();
    await this.#saying;
    if (!this.#nc.isClosed()) {
      await this.#answers.settled();
      this.#heard?.unsubscribe();
    }
    await this.#kept?.stop();
    if (!this.#owns) return;
    await handedOver(this.#nc);
    await this.#nc.close();
  }

  /** Closes when nobody waits for an answer any more. */
  async closeWhenIdle(): Promise<void> {
    await this.#waiting.idle();
    await this.close();
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
    if (isUnknown && answer.type !== this.#keys.type) this.#keys.begin();
    const heard = { id, event: cause, answer, isKept: type === keptAnswerType, toAcknowledge };
    return this.#answers.take(heard, this.#waiting.taker(cause));
  }

  /** The event in a message, unless it is one about keys or addresses, which is followed here. */
  async #open(message: Msg): Promise<Event | undefined> {
    const event = await this.#session.open(message.subject, message.data);
    if (event?.type === keysChangedType) await this.#keys.told(event);
    else if (event?.type === connectionMovedType) await this.#movedTo(event);
    else return event;
    return undefined;
  }

  /** What the vault is not told in the end, or what was not kept, it tells again when we come with a new epoch. */
  async #movedTo(event: Event): Promise<void> {
    const servers = serversIn(event.payload);
    if (servers === undefined || this.onServers === undefined) return;
    await this.onServers(servers);
    const said = { type: 'connection.servers', payload: { servers } };
    this.#saying = againLater(
      () => this.ask(said, { timeoutMs: learnWithinMs }),
      this.#ending.signal,
    );
  }

  #become(identity: PeerIdentity): void {
    this.#identity = identity;
    this.#session.become(identity);
  }
}
