import { randomFillSync } from 'node:crypto';
import type { PeerKeys } from '../../ledger/bodies.ts';
import type { Keyring } from '../../ledger/keyring.ts';
import {
  type Connection,
  dayOf,
  outboxKey,
  type SendingEpoch,
  type VaultState,
} from '../../projections/vault-state.ts';
import { drawnBytes } from '../../wire/drawn-bytes.ts';
import {
  type Epoch,
  encapsulationHash,
  epochInfo,
  type Opening,
  sealEnvelope,
  signOpening,
} from '../../wire/envelope.ts';
import { type Event, EventError, encodeEvent } from '../../wire/event.ts';
import { eventId } from '../../wire/identifiers.ts';
import { encapsulate, keyId } from '../../wire/key-encapsulation.ts';
import { type Answer, isAnswerType } from '../../wire/messages.ts';
import type { MsgpackValue } from '../../wire/msgpack.ts';
import { forApp, fromVault } from '../../wire/subjects.ts';
import type { VaultSecrets } from '../keys/vault-secrets.ts';
import { signerKnownTo } from './handovers.ts';
import type { Batch } from './journal.ts';

const epochAgeMaxMs = 24 * 60 * 60 * 1000;
const epochMessagesMax = 10_000;
const random = drawnBytes(randomFillSync);

/** Something that the vault says to one of its connections. */
export type Outgoing = {
  readonly connection: string;
  /** The party to publish it to, where that is not the connection's of now. */
  readonly to?: string;
  readonly type: string;
  readonly payload: unknown;
  /** Keys of a party that is not recorded: it is sealed in an epoch of its own, which is not kept. */
  readonly asker?: PeerKeys;
  /** Id of the event that it answers. */
  readonly cause?: string;
  /**
   * Epoch of that event, and the greatest of ours that its sender had. A party may have several sessions: only this one
   * is answered, and only what it has itself counts.
   */
  readonly asked?: { readonly epoch: number; readonly seen: number };
  /** Key of the request that it answers; a redelivery of it gets the latest answer again. */
  readonly answers?: string;
  /** Whether the event that it answers is critical. */
  readonly critical?: boolean;
  /** Names of the fields whose values are in the payload. */
  readonly fields?: readonly string[];
  /** Index of the record that it follows from. */
  readonly from?: number;
};

/** A sealed message on its subject. */
export type SealedMessage = {
  readonly id: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
};

type Sealing = Epoch & { readonly opening: Opening };

/** Tenths of a second since 2026: numbers of epochs that are not kept (docs/adr/0023). */
const passingZeroMs = Date.UTC(2026, 0, 1);
const passingStepMs = 100;

/** So far a number may be ahead of the clock: answers may follow one another faster than it goes. */
const passingAhead = 1_000;

/**
 * Number of an epoch that is used for one answer and not kept: by the clock, and above all that the peer has
 * opened or may be about to open, so that none is used twice.
 */
function passingNumber(known: Connection, time: number, passing: number): number {
  return Math.max(clockNumber(time), opened(known, time) + 1, passing + 1);
}

/** Number of the next epoch that is kept: above the last, and above every passing one. */
function nextNumber(known: Connection, time: number, passing: number): number {
  return Math.max(known.sending?.number ?? 0, opened(known, time), passing) + 1;
}

/** The greatest epoch that the peer has opened; a number that we cannot have used is the peer's own affair. */
function opened({ seen }: Connection, time: number): number {
  return seen <= clockNumber(time) + passingAhead ? seen : 0;
}

/** The epoch that an answered event came in, or else the greatest that its party has opened. */
function seenOf({ receiving }: Connection, epoch: number | undefined): number {
  return epoch !== undefined && receiving.has(epoch) ? epoch : Math.max(0, ...receiving.keys());
}

function clockNumber(time: number): number {
  return Math.max(1, Math.floor((time - passingZeroMs) / passingStepMs));
}

/**
 * The bytes of what the vault says. What would be larger than an event may be is no reason to stop: an answer of that size is
 * refused in its place, and says how large it was; `undefined` for everything else.
 */
function eventBytes(event: Event): Uint8Array | undefined {
  try {
    return encodeEvent(event);
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    if (!isAnswerType(event.type)) return undefined;
    const { type } = event.payload as unknown as Answer;
    const payload: Answer = { status: 'refused', type, code: 'too_large', detail: error.message };
    return encodeEvent({ ...event, payload: payload as unknown as MsgpackValue });
  }
}

/** Seals what the vault says, in epochs that are recorded before they are used. */
export class Sealer {
  readonly #ring: Keyring;
  readonly #secrets: VaultSecrets;
  /** The last passing number of a connection: its peer may not have opened it yet. */
  readonly #passing = new Map<string, number>();

  constructor(ring: Keyring, secrets: VaultSecrets) {
    this.#ring = ring;
    this.#secrets = secrets;
  }

  /**
   * Puts a message into the outbox: its exact bytes are a fact of the batch, published once that is
   * durable. Does nothing for a peer whose keys are not known.
   */
  async queue(batch: Batch, outgoing: Outgoing): Promise<void> {
    const sealed = await this.seal(batch, outgoing);
    if (sealed === undefined) return;
    const scope = await this.#outboxScope(batch, outgoing.connection);
    batch.add({
      kind: 'queued',
      scope,
      ...(outgoing.from === undefined ? {} : { cause: outgoing.from }),
      body: {
        ...sealed,
        connection: outgoing.connection,
        ...(outgoing.answers === undefined ? {} : { answers: outgoing.answers }),
        ...(outgoing.critical === true ? { critical: true } : {}),
        ...(outgoing.fields === undefined ? {} : { fields: outgoing.fields }),
      },
    });
  }

  /**
   * Seals a message without recording it: for what the owner's app reads and can ask for again.
   * @returns `undefined` where there is nobody to seal to, or more to tell than an event holds
   */
  async seal(batch: Batch, outgoing: Outgoing): Promise<SealedMessage | undefined> {
    const known = batch.state.connections.get(outgoing.connection);
    if (known === undefined) return undefined;
    const epoch = await this.#epochFor(batch, known, outgoing.asker);
    return epoch && sealedIn(epoch, batch.state.vault, batch.time, known, outgoing);
  }

  /**
   * Seals a message in the epoch that is recorded last, for when nothing can be recorded; `undefined` where there is
   * none, or it is over.
   */
  sealKept(state: VaultState, time: number, outgoing: Outgoing): SealedMessage | undefined {
    const known = state.connections.get(outgoing.connection);
    if (known?.sending === undefined || !isInUse(known.sending, time)) return undefined;
    return sealedIn(known.sending, state.vault, time, known, outgoing);
  }

  /** `undefined` where there are no keys to seal to. */
  async #epochFor(
    batch: Batch,
    known: Connection,
    to: PeerKeys | undefined,
  ): Promise<Sealing | undefined> {
    if (to === undefined) return known.keys && this.#epoch(batch, known, known.keys);
    const number = passingNumber(known, batch.time, this.#passing.get(known.id) ?? 0);
    this.#passing.set(known.id, number);
    try {
      return await this.#open(batch.state, known, number, to);
    } catch (error) {
      // The X25519 part of a stranger's key may be of small order: there is nobody to answer.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** The epoch that the vault sends in on this connection; a new one when the last is used up. */
  async #epoch(batch: Batch, known: Connection, keys: PeerKeys): Promise<Sealing> {
    const { sending } = known;
    if (sending !== undefined && isInUse(sending, batch.time)) return sending;
    const number = nextNumber(known, batch.time, this.#passing.get(known.id) ?? 0);
    this.#passing.delete(known.id);
    const epoch = await this.#open(batch.state, known, number, keys);
    batch.add({
      kind: 'epoch_opened',
      scope: known.scope,
      body: { connection: known.id, direction: 'from-vault', ...epoch },
    });
    return epoch;
  }

  async #open(
    state: VaultState,
    known: Connection,
    number: number,
    { encapsulation: recipient }: PeerKeys,
  ): Promise<Sealing> {
    const { id: connection } = known;
    const info = epochInfo(connection, 'from-vault', number);
    const { secret, encapsulation } = await encapsulate(recipient, info);
    const part = { recipient: keyId(recipient), encapsulation };
    const signer = signerKnownTo(this.#secrets, state, known);
    const opening = signOpening(signer, connection, 'from-vault', number, part);
    return { number, key: secret, encapsulationHash: encapsulationHash(opening), opening };
  }

  async #outboxScope(batch: Batch, connection: string): Promise<string> {
    const current = batch.state.outboxScopes.get(outboxKey(connection, dayOf(batch.time)));
    return current?.scope ?? this.#ring.createScope();
  }
}

/** Whether the vault may go on sending in an epoch. */
function isInUse({ at, count }: SendingEpoch, time: number): boolean {
  return time - at < epochAgeMaxMs && count < epochMessagesMax;
}

function sealedIn(
  epoch: Sealing,
  vault: string,
  time: number,
  known: Connection,
  outgoing: Outgoing,
): SealedMessage | undefined {
  const { asked } = outgoing;
  // What answers nobody is for every session, also one that has not said a word yet.
  const isOpened = outgoing.asker === undefined && (asked?.seen ?? 0) >= epoch.number;
  const id = eventId(time, random(10));
  const subject =
    known.kind === 'owner'
      ? forApp(vault, outgoing.type)
      : fromVault(vault, outgoing.to ?? known.party, outgoing.type);
  const event = eventBytes({
    id,
    type: outgoing.type,
    time,
    party: vault,
    ...(outgoing.cause === undefined ? {} : { cause: outgoing.cause }),
    payload: outgoing.payload as MsgpackValue,
  });
  if (event === undefined) return undefined;
  const bytes = sealEnvelope({
    connection: known.id,
    epoch,
    // Whoever reads a kept answer may have lost its memory since.
    ...(isOpened && outgoing.critical !== true ? {} : { opening: epoch.opening }),
    subject,
    eventId: id,
    nonce: random(24),
    contents: { event, seen: seenOf(known, asked?.epoch) },
  });
  return { id, subject, bytes };
}
