/* Somebody who has a service's credential and keys, and hands to do everything wrong with them. */
import { randomBytes } from 'node:crypto';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { addressOf, contractRef, type ServiceConnection } from '../service/service-identity.ts';
import { type PeerIdentity, PeerSession } from '../service/session.ts';
import { utf8 } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import {
  type Epoch,
  encapsulationHash,
  epochInfo,
  type Opening,
  sealEnvelope,
  signEvent,
  signOpening,
} from '../wire/envelope.ts';
import { type Event, eventVersion } from '../wire/event.ts';
import { eventId } from '../wire/identifiers.ts';
import { encapsulate, keyId } from '../wire/key-encapsulation.ts';
import { type Answer, isAnswerType } from '../wire/messages.ts';
import { encode, integer } from '../wire/msgpack.ts';
import { fromService, fromVault, partyInbox } from '../wire/subjects.ts';

/** What one forged event has that an honest one has not. */
export type Forgery = Partial<Event> & {
  /** Signs instead of the service. */
  readonly signer?: Signer;
  /** Subject that it is sealed for, when that is another than it is sent to. */
  readonly sealedFor?: string;
  readonly unsigned?: boolean;
  /** No opening goes with it, and the epoch has this number. */
  readonly epoch?: number;
};

/** A sealed event, as it is put on the wire. */
export type Sealed = { readonly id: string; readonly subject: string; readonly bytes: Uint8Array };
type Heard = { readonly bytes: Uint8Array; readonly event: Event };

const patienceMs = 15_000;

export class RawPeer {
  readonly #nc: NatsConnection;
  readonly #identity: PeerIdentity;
  readonly #connection: ServiceConnection;
  readonly #session: PeerSession;
  readonly #epoch: Epoch & { readonly opening: Opening };
  readonly #heard: Heard[] = [];
  readonly #wakers = new Set<() => void>();

  private constructor(
    nc: NatsConnection,
    connection: ServiceConnection,
    identity: PeerIdentity,
    memory: { epoch: Epoch & { readonly opening: Opening }; session: PeerSession },
  ) {
    this.#nc = nc;
    this.#connection = connection;
    this.#identity = identity;
    this.#session = memory.session;
    this.#epoch = memory.epoch;
  }

  /** @param before - the same party at another place: its epochs are remembered */
  static async connect(
    connection: ServiceConnection,
    url: string,
    before?: RawPeer,
  ): Promise<RawPeer> {
    const { credential, identity } = await addressOf(connection);
    const { vault, party } = identity;
    const nc = await connect({
      servers: url,
      inboxPrefix: partyInbox(party),
      authenticator: jwtAuthenticator(credential.jwt, utf8(credential.seed)),
    });
    const memory =
      before === undefined
        ? { session: new PeerSession(identity), epoch: await openEpoch(identity) }
        : { session: before.#session, epoch: before.#epoch };
    const peer = new RawPeer(nc, connection, identity, memory);
    nc.subscribe(fromVault(vault, party, '>'), {
      callback: (_, { subject, data }) => void peer.#hear(subject, new Uint8Array(data)),
    });
    await nc.flush();
    return peer;
  }

  /** Subject on which this party sends events of a type. */
  subject(type: string): string {
    return fromService(this.#identity.vault, this.#identity.party, type);
  }

  /** An event like an honest one, but for what is forged. */
  seal(type: string, payload: unknown, forgery: Forgery = {}): Sealed {
    const { connection, party, signer: own } = this.#identity;
    const { signer = own, sealedFor, unsigned, epoch: number, ...members } = forgery;
    const now = Date.now();
    const subject = this.subject(type);
    const event: Event = {
      id: eventId(now, new Uint8Array(randomBytes(10))),
      type,
      time: now,
      party,
      contract: contractRef(this.#connection.contract),
      payload: payload as Event['payload'],
      ...members,
    };
    const epoch = number === undefined ? this.#epoch : { ...this.#epoch, number };
    const bytes = written(event);
    const where = { connection, subject: sealedFor ?? subject, epoch };
    const sealed = sealEnvelope({
      connection,
      epoch,
      ...(number === undefined ? { opening: this.#epoch.opening } : {}),
      subject: sealedFor ?? subject,
      eventId: event.id,
      nonce: new Uint8Array(randomBytes(24)),
      contents: {
        event: bytes,
        ...(unsigned === true ? {} : { signature: signEvent(signer, where, bytes) }),
        seen: 0,
      },
    });
    return { id: event.id, subject, bytes: sealed };
  }

  publish({ subject, bytes }: Omit<Sealed, 'id'>): void {
    this.#nc.publish(subject, bytes);
  }

  /** Publishes, and gives the answer with its bytes. */
  async send(sealed: Sealed): Promise<Heard & { readonly answer: Answer }> {
    const before = this.answersTo(sealed.id).length;
    this.publish(sealed);
    return this.answer(sealed.id, before);
  }

  /** The answer of that number to an event, counted from 0, as soon as it is there. */
  async answer(id: string, number = 0): Promise<Heard & { readonly answer: Answer }> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = this.answersTo(id)[number];
      if (found !== undefined)
        return { ...found, answer: found.event.payload as unknown as Answer };
      await this.#somethingHeard(deadline, id);
    }
  }

  /** Everything that came as an answer to an event. */
  answersTo(id: string): Heard[] {
    return this.#heard.filter(({ event }) => isAnswerType(event.type) && event.cause === id);
  }

  async close(): Promise<void> {
    await this.#nc.flush().catch(() => undefined);
    await this.#nc.close();
  }

  async #hear(subject: string, bytes: Uint8Array): Promise<void> {
    const event = await this.#session.open(subject, bytes);
    if (event === undefined) return;
    this.#heard.push({ bytes, event });
    for (const wake of this.#wakers) wake();
  }

  #somethingHeard(deadline: number, id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(late);
        this.#wakers.delete(wake);
        settle();
      };
      const wake = (): void => end(resolve);
      const late = setTimeout(
        () => end(() => reject(new Error(`no answer to ${id}`))),
        Math.max(0, deadline - Date.now()),
      );
      this.#wakers.add(wake);
    });
  }
}

async function openEpoch(identity: PeerIdentity): Promise<Epoch & { readonly opening: Opening }> {
  const { connection, signer, vaultEncapsulation } = identity;
  // Tenths of a second since 2026, as sessions count: above all that were opened before.
  const number = Math.floor((Date.now() - Date.UTC(2026, 0, 1)) / 100) + 1;
  const info = epochInfo(connection, 'to-vault', number);
  const { secret, encapsulation } = await encapsulate(vaultEncapsulation, info);
  const part = { recipient: keyId(vaultEncapsulation), encapsulation };
  const opening = signOpening(signer, connection, 'to-vault', number, part);
  return { number, key: secret, encapsulationHash: encapsulationHash(opening), opening };
}

/** The bytes of an event, whatever is wrong with it: its length too. */
function written({ time, expires, ...event }: Event): Uint8Array {
  const limit = expires === undefined ? {} : { expires: integer(expires) };
  return encode({ v: eventVersion, ...event, time: integer(time), ...limit });
}
