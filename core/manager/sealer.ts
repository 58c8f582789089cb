import { randomFillSync } from 'node:crypto';
import type { Keyring } from '../../ledger/keyring.ts';
import {
  type Connection,
  dayOf,
  outboxKey,
  type SendingEpoch,
} from '../../projections/vault-state.ts';
import { drawnBytes } from '../../wire/drawn-bytes.ts';
import { encapsulationHash, epochInfo, sealEnvelope, signOpening } from '../../wire/envelope.ts';
import { encodeEvent } from '../../wire/event.ts';
import { eventId } from '../../wire/identifiers.ts';
import { encapsulate, keyId } from '../../wire/key-encapsulation.ts';
import type { MsgpackValue } from '../../wire/msgpack.ts';
import { forApp, fromVault } from '../../wire/subjects.ts';
import type { VaultSecrets } from '../keys/vault-secrets.ts';
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
  /** Id of the event that it answers. */
  readonly cause?: string;
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

/** Seals what the vault says, in epochs that are recorded before they are used. */
export class Sealer {
  readonly #ring: Keyring;
  readonly #secrets: VaultSecrets;

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

  /** Seals a message without recording it: for what the owner's app reads and can ask for again. */
  async seal(batch: Batch, outgoing: Outgoing): Promise<SealedMessage | undefined> {
    const known = batch.state.connections.get(outgoing.connection);
    if (known?.keys === undefined) return undefined;
    const epoch = await this.#epoch(batch, known);
    const { vault } = batch.state;
    const id = eventId(batch.time, random(10));
    const subject =
      known.kind === 'owner'
        ? forApp(vault, outgoing.type)
        : fromVault(vault, outgoing.to ?? known.party, outgoing.type);
    const event = encodeEvent({
      id,
      type: outgoing.type,
      time: batch.time,
      party: vault,
      ...(outgoing.cause === undefined ? {} : { cause: outgoing.cause }),
      payload: outgoing.payload as MsgpackValue,
    });
    const bytes = sealEnvelope({
      connection: known.id,
      epoch,
      // Whoever reads a kept answer may have lost its memory since.
      ...(known.seen >= epoch.number && outgoing.critical !== true
        ? {}
        : { opening: epoch.opening }),
      subject,
      eventId: id,
      nonce: random(24),
      contents: { event, seen: Math.max(0, ...known.receiving.keys()) },
    });
    return { id, subject, bytes };
  }

  /** The epoch that the vault sends in on this connection; a new one when the last is used up. */
  async #epoch(batch: Batch, known: Connection): Promise<SendingEpoch> {
    const { sending } = known;
    if (
      sending !== undefined &&
      batch.time - sending.at < epochAgeMaxMs &&
      sending.count < epochMessagesMax
    )
      return sending;
    const number = (sending?.number ?? 0) + 1;
    const recipient = known.keys?.encapsulation ?? new Uint8Array(0);
    const info = epochInfo(known.id, 'from-vault', number);
    const { secret, encapsulation } = await encapsulate(recipient, info);
    const part = { recipient: keyId(recipient), encapsulation };
    const { signing } = this.#secrets;
    const opening = signOpening(signing, known.id, 'from-vault', number, part);
    const epoch = { number, key: secret, encapsulationHash: encapsulationHash(opening) };
    batch.add({
      kind: 'epoch_opened',
      scope: known.scope,
      body: { connection: known.id, direction: 'from-vault', ...epoch, opening },
    });
    return { ...epoch, opening, at: batch.time, count: 0 };
  }

  async #outboxScope(batch: Batch, connection: string): Promise<string> {
    const current = batch.state.outboxScopes.get(outboxKey(connection, dayOf(batch.time)));
    return current?.scope ?? this.#ring.createScope();
  }
}
