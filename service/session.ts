import { randomFillSync } from 'node:crypto';
import { equalBytes } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import { drawnBytes } from '../wire/drawn-bytes.ts';
import {
  type Envelope,
  type Epoch,
  encapsulationHash,
  epochInfo,
  type Opening,
  openEnvelope,
  parseEnvelope,
  sealEnvelope,
  signEvent,
  signOpening,
  verifyOpening,
} from '../wire/envelope.ts';
import { type ContractRef, decodeEvent, type Event, encodeEvent } from '../wire/event.ts';
import { eventId } from '../wire/identifiers.ts';
import {
  decapsulate,
  type EncapsulationKey,
  encapsulate,
  keyId,
} from '../wire/key-encapsulation.ts';
import type { MsgpackValue } from '../wire/msgpack.ts';
import type { KnownLedger } from './checked-answer.ts';

const epochAgeMaxMs = 24 * 60 * 60 * 1000;
const epochMessagesMax = 10_000;
const random = drawnBytes(randomFillSync);

/** What a party signs with, and what is sealed to. */
export type OwnKeys = { readonly signer: Signer; readonly encapsulation: EncapsulationKey };

/** One end of a connection to a vault: who we are, and the vault's keys. */
export type PeerIdentity = OwnKeys & {
  readonly vault: string;
  readonly connection: string;
  /** Our token in subjects, or `owner`. */
  readonly party: string;
  readonly vaultSigning: Uint8Array;
  readonly vaultEncapsulation: Uint8Array;
  /** Further keys of ours that the vault may still seal to. */
  readonly alsoOpens?: readonly EncapsulationKey[];
  /** The ledger that the vault's statements are about; the owner's app needs none. */
  readonly ledger?: KnownLedger;
};

/** An event about to be sent. */
export type OutgoingEvent = {
  /** Its id, where it was needed before: a UUIDv7 of now that no other event has. */
  readonly id?: string;
  readonly type: string;
  readonly payload: unknown;
  readonly contract?: ContractRef;
  /** Unix time in milliseconds. */
  readonly expires?: number;
};

/** A sealed and signed event: to be sent once more, send these bytes once more. */
export type SealedEvent = {
  readonly id: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
};

/** Epoch numbers have 32 bits: tenths of a second since 2026 last until 2039. */
const epochZeroMs = Date.UTC(2026, 0, 1);
const epochStepMs = 100;
/** Several sessions of one party may begin at once: each draws its number out of so many from the clock's on. */
const epochSpread = 4_096;

/** A fresh event id. */
export function newEventId(timeMs: number = Date.now()): string {
  return eventId(timeMs, random(10));
}

type Sending = Epoch & { readonly opening: Opening; readonly at: number; count: number };

/**
 * Seals what we send to a vault and opens what it sends. Keeps its epochs in memory only: a new
 * session opens a new one, numbered by the clock and by lot so that no other session of the same party has that number.
 */
export class PeerSession {
  #identity: PeerIdentity;
  /** Signing keys of the vault that it may still open epochs with. */
  #former: readonly Uint8Array[] = [];
  readonly #receiving = new Map<number, Epoch>();
  readonly #now: () => number;
  readonly #lot: () => number;
  #sending: Promise<Sending | undefined> = Promise.resolve(undefined);
  /** The epoch that is sent in, and whether the vault has said of this very one that it has it. */
  #current = { number: 0, hasArrived: false };

  /**
   * @param now - Unix time in milliseconds
   * @param lot - a whole number from 0 to 4,095, another each time
   */
  constructor(identity: PeerIdentity, now: () => number = Date.now, lot: () => number = drawLot) {
    this.#identity = identity;
    this.#now = now;
    this.#lot = lot;
  }

  /** The same session, where its connection has another party from now on. */
  continued(identity: PeerIdentity): PeerSession {
    this.#identity = identity;
    return this;
  }

  /** Seals and signs an event for one subject. */
  async seal(subject: string, outgoing: OutgoingEvent): Promise<SealedEvent> {
    const { connection, party, signer } = this.#identity;
    const time = this.#now();
    const epoch = await this.#epoch(time);
    epoch.count += 1;
    const id = outgoing.id ?? newEventId(time);
    const payload = outgoing.payload as MsgpackValue;
    const event = encodeEvent({ ...outgoing, id, time, party, payload });
    const bytes = sealEnvelope({
      connection,
      epoch,
      ...(this.#isWithVault(epoch) ? {} : { opening: epoch.opening }),
      subject,
      eventId: id,
      nonce: random(24),
      contents: {
        event,
        signature: signEvent(signer, { connection, subject, epoch }, event),
        seen: Math.max(0, ...this.#receiving.keys()),
      },
    });
    return { id, subject, bytes };
  }

  /**
   * Goes on with other keys, of ours or the vault's: the next event opens a new epoch. Until `settle`, epochs that the
   * vault opens with its signing key of before are taken as well.
   */
  become(identity: PeerIdentity): void {
    this.#former = [...this.#former, this.#identity.vaultSigning];
    this.#identity = identity;
    this.renew();
  }

  /** The vault knows that we know its keys: it signs with no other. */
  settle(): void {
    this.#former = [];
  }

  /** Lets the next event open a new epoch: after the vault has said that it does not know this one. */
  renew(): void {
    this.#sending = this.#sending.then((current) => current && { ...current, at: 0 });
  }

  /** Opens an event of the vault; `undefined` for anything that is not authentic and in form. */
  async open(subject: string, bytes: Uint8Array): Promise<Event | undefined> {
    const envelope = parseEnvelope(bytes);
    if (!envelope.ok || envelope.value.connection !== this.#identity.connection) return undefined;
    const epoch = await this.#epochOf(envelope.value);
    if (epoch === undefined) return undefined;
    const opened = openEnvelope(envelope.value, subject, epoch.key);
    if (!opened.ok) return undefined;
    const event = decodeEvent(opened.value.event);
    if (!event.ok || event.value.party !== this.#identity.vault) return undefined;
    if (event.value.id !== envelope.value.event) return undefined;
    this.#receiving.set(epoch.number, epoch);
    if (opened.value.seen === this.#current.number) this.#current.hasArrived = true;
    return event.value;
  }

  /** A greater epoch that the vault has is another session's, and says nothing of ours. */
  #isWithVault({ number }: Epoch): boolean {
    return this.#current.number === number && this.#current.hasArrived;
  }

  /** Calls that come while an epoch is being opened wait for that one. */
  async #epoch(time: number): Promise<Sending> {
    const asked = this.#sending;
    const current = await asked;
    const usable =
      current !== undefined &&
      time - current.at < epochAgeMaxMs &&
      current.count < epochMessagesMax;
    if (usable) return current;
    if (this.#sending === asked) this.#sending = this.#openEpoch(time, current);
    return this.#epoch(time);
  }

  async #openEpoch(time: number, before: Sending | undefined): Promise<Sending> {
    const { connection, signer, vaultEncapsulation } = this.#identity;
    const clock = Math.floor((time - epochZeroMs) / epochStepMs);
    const number = Math.max(clock, (before?.number ?? 0) + 1) + this.#lot();
    const info = epochInfo(connection, 'to-vault', number);
    const { secret, encapsulation } = await encapsulate(vaultEncapsulation, info);
    const part = { recipient: keyId(vaultEncapsulation), encapsulation };
    const opening = signOpening(signer, connection, 'to-vault', number, part);
    const hash = encapsulationHash(opening);
    this.#current = { number, hasArrived: false };
    return { number, key: secret, encapsulationHash: hash, opening, at: time, count: 0 };
  }

  async #epochOf(envelope: Envelope): Promise<Epoch | undefined> {
    const known = this.#receiving.get(envelope.epoch);
    if (known !== undefined) return known;
    const { opening, epoch: number } = envelope;
    const { encapsulation, alsoOpens = [], vaultSigning, connection } = this.#identity;
    if (opening === undefined) return undefined;
    const own = [encapsulation, ...alsoOpens].find(({ publicKey }) =>
      equalBytes(opening.recipient, keyId(publicKey)),
    );
    const isTheirs = [vaultSigning, ...this.#former].some((signing) =>
      verifyOpening(signing, 'from-vault', envelope, opening),
    );
    if (own === undefined || !isTheirs) return undefined;
    const info = epochInfo(connection, 'from-vault', number);
    const key = await decapsulate(own, info, opening.encapsulation);
    if (key === undefined) return undefined;
    return { number, key, encapsulationHash: encapsulationHash(opening) };
  }
}

function drawLot(): number {
  const [high = 0, low = 0] = random(2);
  return (high * 256 + low) % epochSpread;
}
