import { randomBytes } from 'node:crypto';
import { type Signer, seal } from '../../wire/crypto.ts';
import {
  type Epoch,
  encapsulationHash,
  epochInfo,
  type Opening,
  signOpening,
} from '../../wire/envelope.ts';
import type { ContractRef } from '../../wire/event.ts';
import { eventId } from '../../wire/identifiers.ts';
import { encapsulate, keyId } from '../../wire/key-encapsulation.ts';
import { encode, integer } from '../../wire/msgpack.ts';
import { pad } from '../../wire/padding.ts';
import { fromService } from '../../wire/subjects.ts';
import type { PeerIdentity } from '../session.ts';

/** An epoch to send in, with the opening that brings it. */
export type SendingEpoch = Epoch & { readonly opening: Opening };

/** What an envelope's additional data are made of. */
export type Aad = {
  readonly domain: unknown;
  readonly version: unknown;
  readonly suite: unknown;
  readonly connection: unknown;
  readonly epoch: unknown;
  readonly subject: unknown;
  readonly event: unknown;
};

/** What an event's signature is made over, besides its bytes. */
type SignedFor = {
  readonly domain: string;
  readonly connection: unknown;
  readonly subject: unknown;
  readonly epoch: unknown;
  readonly hash: Uint8Array;
};

/**
 * Everything that an honest event has otherwise. A part that is not named is honest, and consistent with
 * those that are: each fault stands alone.
 */
export type Forgery = {
  /** Id of the event, inside and outside. */
  readonly id?: string;
  /** Members of the event; `undefined` leaves one out, a name that is not known adds one. */
  readonly event?: Readonly<Record<string, unknown>>;
  /** The event's bytes, from the honest ones. */
  readonly eventBytes?: (honest: Uint8Array) => Uint8Array;
  /** Where it is published, sealed for and signed for. */
  readonly subject?: string;
  readonly aad?: Partial<Aad>;
  readonly signedFor?: Partial<SignedFor>;
  readonly signer?: Signer;
  /** The signature, from the honest one. */
  readonly signature?: (honest: Uint8Array) => unknown;
  readonly seen?: unknown;
  /** The sealed part before it is padded, from its honest three parts. */
  readonly inner?: (honest: readonly unknown[]) => unknown;
  readonly padding?: (inner: Uint8Array) => Uint8Array;
  readonly epoch?: SendingEpoch;
  /** `null` for none. */
  readonly opening?: Opening | null;
  /** The envelope's eight parts, from the honest ones. */
  readonly parts?: (honest: readonly unknown[]) => unknown;
  /** The whole message, from the honest one. */
  readonly bytes?: (honest: Uint8Array) => Uint8Array;
};

/** Who sends: their keys, the epoch they send in, and the contract that requests are made under. */
export type Sender = {
  readonly identity: PeerIdentity;
  readonly epoch: SendingEpoch;
  readonly contract?: ContractRef;
  readonly seen: number;
};

/** A message as it is put on the wire. */
export type Sent = {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** The event in it, to be sealed once more. */
  readonly event: Uint8Array;
};

/** An event, sealed and signed as the standard says, but for what is forged. */
export function forge(sender: Sender, type: string, payload: unknown, forgery: Forgery = {}): Sent {
  const { identity, seen: honestSeen } = sender;
  const { epoch = sender.epoch, id = freshId(), seen = honestSeen } = forgery;
  const subject = forgery.subject ?? fromService(identity.vault, identity.party, type);
  const honest = encode({ ...members(sender, id, type, payload), ...timed(forgery.event ?? {}) });
  const event = forgery.eventBytes?.(honest) ?? honest;
  const signature = signatureOf(identity, epoch, subject, event, forgery);
  const parts = [event, signature, seen];
  const inner = encode(forgery.inner === undefined ? parts : forgery.inner(parts));
  const padded = forgery.padding === undefined ? pad(inner) : forgery.padding(inner);
  const nonce = new Uint8Array(randomBytes(24));
  const box = seal(epoch.key, nonce, aadOf(identity, epoch, subject, id, forgery.aad), padded);
  const { opening = epoch.opening } = forgery;
  const eight = [1, 1, identity.connection, epoch.number, id, nonce, openingParts(opening), box];
  const whole = encode(forgery.parts === undefined ? eight : forgery.parts(eight));
  return { id, type, subject, bytes: forgery.bytes?.(whole) ?? whole, event };
}

/** An epoch of ours, encapsulated to the vault's key and signed with ours, but for what is forged. */
export async function openEpoch(
  identity: PeerIdentity,
  number: number,
  forged: {
    readonly signer?: Signer;
    readonly direction?: 'from-vault';
    readonly signedNumber?: number;
    readonly recipient?: Uint8Array;
  } = {},
): Promise<SendingEpoch> {
  const { connection, vaultEncapsulation } = identity;
  const info = epochInfo(connection, 'to-vault', number);
  const { secret, encapsulation } = await encapsulate(vaultEncapsulation, info);
  const part = { recipient: forged.recipient ?? keyId(vaultEncapsulation), encapsulation };
  const opening = signOpening(
    forged.signer ?? identity.signer,
    connection,
    forged.direction ?? 'to-vault',
    forged.signedNumber ?? number,
    part,
  );
  return { number, key: secret, encapsulationHash: encapsulationHash(opening), opening };
}

/** A new event id. */
export function freshId(time: number = Date.now()): string {
  return eventId(time, new Uint8Array(randomBytes(10)));
}

function members(
  { identity, contract }: Sender,
  id: string,
  type: string,
  payload: unknown,
): Record<string, unknown> {
  const { party } = identity;
  const time = integer(Date.now());
  const terms = contract === undefined ? undefined : { ...contract };
  return { v: 1, id, type, time, expires: undefined, party, contract: terms, payload };
}

/** Times are written as 8-byte integers, so that an honest value stays honest. */
function timed(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => {
      const isTime = (name === 'time' || name === 'expires') && Number.isSafeInteger(value);
      return [name, isTime ? integer(value as number) : value];
    }),
  );
}

function signatureOf(
  { connection, signer: own }: PeerIdentity,
  epoch: SendingEpoch,
  subject: string,
  event: Uint8Array,
  { signedFor = {}, signer = own, signature }: Forgery,
): unknown {
  const domain = signedFor.domain ?? 'cambium/event/v1';
  const where = { connection, subject, epoch: epoch.number, ...signedFor };
  const hash = signedFor.hash ?? epoch.encapsulationHash;
  const message = encode([where.connection, where.subject, where.epoch, hash, event]);
  const honest = signer.sign(domain, message);
  return signature === undefined ? honest : signature(honest);
}

function aadOf(
  { connection }: PeerIdentity,
  { number }: SendingEpoch,
  subject: string,
  id: string,
  forged: Partial<Aad> = {},
): Uint8Array {
  const honest: Aad = {
    domain: 'cambium/envelope/v1',
    version: 1,
    suite: 1,
    connection,
    epoch: number,
    subject,
    event: id,
  };
  const {
    domain,
    version,
    suite,
    connection: of,
    epoch,
    subject: on,
    event,
  } = {
    ...honest,
    ...forged,
  };
  return encode([domain, version, suite, of, epoch, on, event]);
}

function openingParts(opening: Opening | null): readonly Uint8Array[] | null {
  return opening && [opening.recipient, opening.encapsulation, opening.signature];
}
