/* A party, or the owner's app, that keeps the exact bytes of everything it is sent. */
import { connect, jwtAuthenticator, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { VaultAddress } from '../../service/client-options.ts';
import { type OutgoingEvent, PeerSession, type SealedEvent } from '../../service/session.ts';
import { equalBytes, utf8 } from '../../wire/bytes.ts';
import { parseEnvelope } from '../../wire/envelope.ts';
import type { Event } from '../../wire/event.ts';
import { type Answer, isAnswerType } from '../../wire/messages.ts';
import {
  forApp,
  forVault,
  fromService,
  fromVault,
  ownerAppInbox,
  partyInbox,
} from '../../wire/subjects.ts';

/** A message of the vault, as it came first. */
export type RawMessage = { readonly bytes: Uint8Array; readonly at: number; times: number };

const ackTimeoutMs = 2_000;

/**
 * One end of a connection to the vault that outlives its connections to the messaging layer: the
 * session with its epochs stays, however often the server has died, or has come back elsewhere.
 */
export class RawPeer {
  readonly #address: VaultAddress;
  readonly #session: PeerSession;
  #nc: NatsConnection | undefined;
  #url = '';
  readonly #heard = new Set<() => void>();
  /** By event id. */
  readonly messages = new Map<string, RawMessage>();
  /** Answers by the id of what they answer: each of their event ids with what it says. */
  readonly answers = new Map<string, Map<string, Answer>>();
  /** What must never happen, in words. */
  readonly faults: string[] = [];
  onEvent: (event: Event) => void = () => {};

  constructor(address: VaultAddress) {
    this.#address = address;
    this.#session = new PeerSession(address.identity);
  }

  get connected(): boolean {
    return this.#nc !== undefined && !this.#nc.isClosed();
  }

  /** Connects to the messaging layer where it is now; does nothing when connected there. */
  async connectTo(url: string): Promise<void> {
    if (url === this.#url && this.connected) return;
    await this.close();
    const { credential, identity } = this.#address;
    const { vault, party } = identity;
    const owner = party === 'owner';
    const nc = await connect({
      servers: url,
      inboxPrefix: owner ? ownerAppInbox(vault) : partyInbox(party),
      authenticator: jwtAuthenticator(credential.jwt, utf8(credential.seed)),
      reconnect: false,
      timeout: 5_000,
    });
    nc.subscribe(owner ? forApp(vault, '>') : fromVault(vault, party, '>'), {
      callback: (error, message) => {
        if (error === null) void this.#receive(message);
      },
    });
    await nc.flush();
    this.#nc = nc;
    this.#url = url;
  }

  async close(): Promise<void> {
    const nc = this.#nc;
    this.#nc = undefined;
    await nc?.close().catch(() => undefined);
  }

  seal(outgoing: OutgoingEvent): Promise<SealedEvent> {
    const { vault, party } = this.#address.identity;
    const { type } = outgoing;
    const subject = party === 'owner' ? forVault(vault, type) : fromService(vault, party, type);
    return this.#session.seal(subject, outgoing);
  }

  /** Sends once, as far as there is a connection. */
  send({ subject, bytes }: SealedEvent): void {
    try {
      this.#nc?.publish(subject, bytes);
    } catch {
      // The connection has just been lost.
    }
  }

  /** Hands a critical event to the messaging layer; whether it said that it has it. */
  async submit({ subject, bytes }: SealedEvent): Promise<boolean> {
    try {
      const reply = await this.#nc?.request(subject, bytes, { timeout: ackTimeoutMs });
      return reply?.json<{ seq?: number }>().seq !== undefined;
    } catch {
      return false;
    }
  }

  /** The answer that is not `pending`, where it has come. */
  finalAnswer(cause: string): Answer | undefined {
    const answers = [...(this.answers.get(cause)?.values() ?? [])];
    return answers.find(({ status }) => status !== 'pending');
  }

  hasAnswer(cause: string): boolean {
    return this.answers.has(cause);
  }

  /** Resolves at the next message, or after `timeoutMs`. */
  heard(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#heard.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#heard.add(done);
    });
  }

  async #receive({ subject, data }: Msg): Promise<void> {
    const envelope = parseEnvelope(data);
    if (!envelope.ok) return this.#fault(`not an envelope on ${subject}`);
    const id = envelope.value.event;
    const before = this.messages.get(id);
    if (before !== undefined) {
      before.times += 1;
      if (!equalBytes(before.bytes, data)) this.#fault(`message ${id} came with different bytes`);
    } else this.messages.set(id, { bytes: new Uint8Array(data), at: Date.now(), times: 1 });
    const event = await this.#session.open(subject, new Uint8Array(data));
    if (event === undefined) this.#fault(`message ${id} does not open`);
    else this.#opened(event);
    for (const tell of [...this.#heard]) tell();
  }

  #opened(event: Event): void {
    if (!isAnswerType(event.type) || event.cause === undefined) {
      this.onEvent(event);
      return;
    }
    const answer = event.payload as unknown as Answer;
    // A shut vault says why, and records nothing of it: what was asked is decided when it is asked again.
    if (answer.status === 'refused' && answer.code === 'audit_unavailable') {
      this.messages.delete(event.id);
      return;
    }
    const answers = this.answers.get(event.cause) ?? new Map<string, Answer>();
    this.answers.set(event.cause, answers.set(event.id, answer));
    const finals = [...answers].filter(([, { status }]) => status !== 'pending');
    if (finals.length > 1)
      this.#fault(`${event.cause} has final answers ${finals.map(([id]) => id).join(' and ')}`);
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}
