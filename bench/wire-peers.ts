import { randomFillSync } from 'node:crypto';
import { hkdf, type Signer, sha256, signerFrom } from '../wire/crypto.ts';
import { drawnBytes } from '../wire/drawn-bytes.ts';
import {
  type Epoch,
  openEnvelope,
  parseEnvelope,
  sealEnvelope,
  signEvent,
  verifyEvent,
} from '../wire/envelope.ts';
import { decodeEvent, type Event, encodeEvent } from '../wire/event.ts';
import { eventId, identifierFrom } from '../wire/identifiers.ts';

const random = drawnBytes(randomFillSync);

/** What the asking and the answering process of a measurement share. */
export type WirePair = {
  readonly connection: string;
  readonly vault: string;
  readonly signer: Signer;
  readonly toVault: Epoch;
  readonly fromVault: Epoch;
};

/** Both ends' secrets from one seed (32 bytes), so that two processes need to agree on nothing else. */
export function wirePair(seed: Uint8Array): WirePair {
  const derived = (purpose: string, length = 32): Uint8Array =>
    hkdf(seed, new Uint8Array(0), purpose, length);
  const epoch = (direction: string): Epoch => ({
    number: 1,
    key: derived(direction),
    encapsulationHash: sha256(derived(`${direction} encapsulation`)),
  });
  return {
    connection: identifierFrom(derived('connection', 16)),
    vault: identifierFrom(derived('vault', 16)),
    signer: signerFrom(derived('signer')),
    toVault: epoch('to vault'),
    fromVault: epoch('from vault'),
  };
}

/** A sealed `data.request` of some 300 bytes, signed or not. */
export function sealedRequest(pair: WirePair, subject: string, signed: boolean): Uint8Array {
  const payload = { fields: ['personal/full_name', 'personal/shipping_address'], purpose: 'order' };
  const contract = { id: 'bench.shop', version: 3, hash: 'ab'.repeat(32) };
  return sealed(pair, 'service', pair.toVault, subject, signed, {
    type: 'data.request',
    contract,
    payload,
  });
}

/** What stands in a sealed request, checked as a vault does; `undefined` when it is not authentic. */
export function openedRequest(
  pair: WirePair,
  subject: string,
  bytes: Uint8Array,
  signed: boolean,
): Event | undefined {
  return opened(pair, pair.toVault, subject, bytes, signed);
}

/** A sealed answer of some 300 bytes. */
export function sealedAnswer(pair: WirePair, subject: string, cause: string): Uint8Array {
  const fields = {
    'personal/full_name': 'Ada Lovelace',
    'personal/shipping_address': '12 St James’s Square, London SW1Y 4JH, United Kingdom',
  };
  const payload = { status: 'served', type: 'data.request', result: { fields, refused: [] } };
  return sealed(pair, pair.vault, pair.fromVault, subject, false, {
    type: 'event.answer',
    cause,
    payload,
  });
}

/** What stands in a sealed answer; `undefined` when it is not authentic. */
export function openedAnswer(
  pair: WirePair,
  subject: string,
  bytes: Uint8Array,
): Event | undefined {
  return opened(pair, pair.fromVault, subject, bytes, false);
}

function sealed(
  { connection, signer }: WirePair,
  party: string,
  epoch: Epoch,
  subject: string,
  signed: boolean,
  said: Pick<Event, 'type' | 'payload' | 'contract' | 'cause'>,
): Uint8Array {
  const time = Date.now();
  const id = eventId(time, random(10));
  const event = encodeEvent({ ...said, id, time, party });
  const signature = signed
    ? { signature: signEvent(signer, { connection, subject, epoch }, event) }
    : {};
  const contents = { event, seen: 1, ...signature };
  const nonce = random(24);
  return sealEnvelope({ connection, epoch, subject, eventId: id, nonce, contents });
}

function opened(
  { connection, signer }: WirePair,
  epoch: Epoch,
  subject: string,
  bytes: Uint8Array,
  signed: boolean,
): Event | undefined {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return undefined;
  const parts = openEnvelope(envelope.value, subject, epoch.key);
  if (!parts.ok) return undefined;
  const { event: eventBytes, signature } = parts.value;
  const event = decodeEvent(eventBytes);
  if (!event.ok) return undefined;
  if (!signed) return event.value;
  const where = { connection, subject, epoch };
  const valid =
    signature !== undefined && verifyEvent(signer.publicKey, where, eventBytes, signature);
  return valid ? event.value : undefined;
}
