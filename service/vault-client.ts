import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { type Event, isMap } from '../wire/event.ts';
import { isAnswerType, keptAnswerType } from '../wire/messages.ts';
import {
  forApp,
  forVault,
  fromService,
  fromVault,
  ownerAppInbox,
  partyInbox,
} from '../wire/subjects.ts';
import { type CheckedAnswer, checkedAnswer } from './checked-answer.ts';
import type { Credential } from './credentials.ts';
import { ServiceError } from './errors.ts';
import { HeardAnswers, type OnAnswer } from './heard-answers.ts';
import { KeptAnswers, type Reading } from './kept-answers.ts';
import { type OutgoingEvent, type PeerIdentity, PeerSession, type SealedEvent } from './session.ts';
import { connectAs } from './vine-link.ts';

const resendMs = 2_000;
const codeFull = 10_077;

/** Where and how to reach a vault. */
export type VaultAddress = {
  readonly servers: readonly string[];
  readonly credential: Credential;
  readonly identity: PeerIdentity;
};

/** How long to wait, and for what. */
export type AskOptions = {
  /** A critical event is acknowledged by the messaging layer, and waits there for the vault. */
  readonly critical?: boolean;
  readonly timeoutMs: number;
  /** Called once, when the answer is that the owner is asked first. */
  readonly onPending?: (answer: Extract<CheckedAnswer, { status: 'pending' }>) => void;
  /** Settle for `pending` as an answer, instead of waiting for the owner. */
  readonly acceptPending?: boolean;
};

/** What is heard besides the answers that an `ask` waits for. */
export type ClientOptions = { readonly onAnswer?: OnAnswer };

/** A client over a connection that others use too. */
export type SharedOptions = ClientOptions & {
  /** The client that this one goes on for, in its epochs. */
  readonly before?: VaultClient | undefined;
  /** Somebody waits for a kept answer now: whoever reads them for all gives them to `takeKept`. */
  readonly wake: () => void;
};

/** Who waits for an answer: it comes, or never will. */
type Waiting = { answer(answer: CheckedAnswer): void; lost(): void };

type ClientParts = ClientOptions & { readonly session?: PeerSession; readonly owns: boolean };

/** A conversation with one vault: of a service, or of its owner's app. */
export class VaultClient {
  readonly #nc: NatsConnection;
  readonly #session: PeerSession;
  readonly #identity: PeerIdentity;
  readonly #waiting = new Map<string, Waiting>();
  readonly #owns: boolean;
  readonly #answers: HeardAnswers;
  #heard: Subscription | undefined;
  #kept: KeptAnswers | undefined;
  #wake: () => void = () => this.#kept?.wake();
  /** Called with every event of the vault that answers nothing. */
  onEvent: (event: Event) => void = () => {};

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
    void nc.closed().then(() => {
      for (const waiting of this.#waiting.values()) waiting.lost();
    });
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
        if (error === null) void this.#receive(message);
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
    const answered = this.#answerTo(sealed.id, options);
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
      this.#waiting.get(sealed.id)?.lost();
      this.#waiting.delete(sealed.id);
    }
  }

  /**
   * Hands a critical event to the messaging layer; when this resolves it is durable there.
   * @throws ServiceError NOT_CONNECTED, NOT_ACCEPTED; FULL, when the vault must take some of those that wait first
   */
  async submit(sealed: SealedEvent, timeoutMs = 10_000): Promise<void> {
    if (this.#nc.isClosed()) throw gone();
    const reply = await this.#nc
      .request(sealed.subject, sealed.bytes, { timeout: timeoutMs })
      .catch((error: unknown) => {
        throw new ServiceError('NOT_ACCEPTED', 'the event was not taken', error);
      });
    const ack = reply.json<{ error?: { description?: string; err_code?: number }; seq?: number }>();
    if (ack.error?.err_code === codeFull)
      throw new ServiceError('FULL', 'too many events of this type wait for the vault already');
    if (ack.error !== undefined || ack.seq === undefined)
      throw new ServiceError('NOT_ACCEPTED', ack.error?.description ?? 'the event was not taken');
  }

  /** Hears nothing any more, and ends the connection where it is its own. */
  async close(): Promise<void> {
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

  #answerTo(id: string, options: AskOptions): Promise<CheckedAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ServiceError('NO_ANSWER', `no answer within ${options.timeoutMs} ms`));
      }, options.timeoutMs);
      let held = false;
      this.#waiting.set(id, {
        answer: (answer) => {
          // An event that is sent again is told again that it waits.
          if (answer.status === 'pending' && !held) options.onPending?.(answer);
          held = true;
          if (answer.status === 'pending' && options.acceptPending !== true) return;
          clearTimeout(timer);
          resolve(answer);
        },
        lost: () => {
          clearTimeout(timer);
          reject(gone());
        },
      });
    });
  }

  /** Whether a kept answer would be taken now. */
  get wantsKept(): boolean {
    return this.#answers.interested || this.#waiting.size > 0;
  }

  /** Takes a message of the party's consumer, which is of this vault. */
  takeKept(message: Msg): Promise<Reading> {
    return this.#receive(message, true);
  }

  #readKept(): KeptAnswers {
    return KeptAnswers.start(this.#nc, this.#identity.party, {
      take: (message) => this.takeKept(message),
      interested: () => this.wantsKept,
    });
  }

  /** @param toAcknowledge - it comes from the party's consumer */
  async #receive(message: Msg, toAcknowledge = false): Promise<Reading> {
    const event = await this.#session.open(message.subject, message.data);
    // Not authentic, or not in form: it will never be either.
    if (event === undefined) return 'taken';
    const { id, type, cause, payload } = event;
    if (!isAnswerType(type) || !isMap(payload) || cause === undefined) {
      this.onEvent(event);
      return 'taken';
    }
    const answer = checkedAnswer(this.#identity, event);
    const isKept = type === keptAnswerType;
    const heard = { id, event: cause, answer, isKept, toAcknowledge };
    return this.#answers.take(heard, this.#waiting.get(cause)?.answer);
  }
}

/** The messaging layer ended the connection for good: the credential is over, or revoked. */
function gone(): ServiceError {
  return new ServiceError('NOT_CONNECTED', 'the messaging layer ended the connection');
}
