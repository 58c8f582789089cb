import { connect, jwtAuthenticator, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { utf8 } from '../wire/bytes.ts';
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
import { ServiceError } from './errors.ts';
import { HeardAnswers, type OnAnswer } from './heard-answers.ts';
import { KeptAnswers, type Reading } from './kept-answers.ts';
import { type OutgoingEvent, type PeerIdentity, PeerSession, type SealedEvent } from './session.ts';

const resendMs = 2_000;
const codeFull = 10_077;

/** Where and how to reach a vault. */
export type VaultAddress = {
  readonly servers: readonly string[];
  readonly credential: { readonly jwt: string; readonly seed: string };
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

type Waiting = (answer: CheckedAnswer) => void;

/** A connection to one vault: of a service, or of its owner's app. */
export class VaultClient {
  readonly #nc: NatsConnection;
  readonly #session: PeerSession;
  readonly #identity: PeerIdentity;
  readonly #waiting = new Map<string, Waiting>();
  readonly #heard: HeardAnswers;
  #kept: KeptAnswers | undefined;
  /** Called with every event of the vault that answers nothing. */
  onEvent: (event: Event) => void = () => {};

  private constructor(nc: NatsConnection, identity: PeerIdentity, options: ClientOptions) {
    this.#nc = nc;
    this.#identity = identity;
    this.#heard = new HeardAnswers(options.onAnswer);
    this.#session = new PeerSession(identity);
  }

  /** @throws ServiceError NOT_CONNECTED */
  static async connect(
    { servers, credential, identity }: VaultAddress,
    options: ClientOptions = {},
  ): Promise<VaultClient> {
    const { vault, party } = identity;
    const owner = party === 'owner';
    const nc = await connect({
      servers: [...servers],
      name: owner ? 'owner-app' : 'service',
      inboxPrefix: owner ? ownerAppInbox(vault) : partyInbox(party),
      authenticator: jwtAuthenticator(credential.jwt, utf8(credential.seed)),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
    }).catch((error: unknown) => {
      throw new ServiceError('NOT_CONNECTED', 'the messaging layer cannot be reached', error);
    });
    const client = new VaultClient(nc, identity, options);
    const subject = owner ? forApp(vault, '>') : fromVault(vault, party, '>');
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) void client.#receive(message);
      },
    });
    if (!owner) client.#kept = client.#readKept();
    await nc.flush();
    return client;
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
   * @throws ServiceError NOT_ACCEPTED, FULL, NO_ANSWER
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
      if (options.critical !== true) this.#nc.publish(sealed.subject, sealed.bytes);
    }, resendMs);
    if (options.critical === true) this.#kept?.wake();
    try {
      if (options.critical === true) await this.submit(sealed);
      else this.#nc.publish(sealed.subject, sealed.bytes);
      return await answered;
    } finally {
      clearInterval(resend);
      this.#waiting.delete(sealed.id);
    }
  }

  /**
   * Hands a critical event to the messaging layer; when this resolves it is durable there.
   * @throws ServiceError NOT_ACCEPTED; FULL, when the vault must take some of those that wait first
   */
  async submit(sealed: SealedEvent, timeoutMs = 10_000): Promise<void> {
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

  /** Ends the connection. */
  async close(): Promise<void> {
    if (!this.#nc.isClosed()) await this.#heard.settled();
    await this.#kept?.stop();
    await this.#nc.flush().catch(() => undefined);
    await this.#nc.close();
  }

  #answerTo(id: string, options: AskOptions): Promise<CheckedAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ServiceError('NO_ANSWER', `no answer within ${options.timeoutMs} ms`));
      }, options.timeoutMs);
      let held = false;
      this.#waiting.set(id, (answer) => {
        // An event that is sent again is told again that it waits.
        if (answer.status === 'pending' && !held) options.onPending?.(answer);
        held = true;
        if (answer.status === 'pending' && options.acceptPending !== true) return;
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  #readKept(): KeptAnswers {
    return KeptAnswers.start(this.#nc, this.#identity.party, {
      take: (message) => this.#receive(message, true),
      interested: () => this.#heard.interested || this.#waiting.size > 0,
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
    return this.#heard.take(heard, this.#waiting.get(cause));
  }
}
