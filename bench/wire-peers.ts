import { randomFillSync } from 'node:crypto';
import { hkdf, type Signer, sha256, signerFrom } from '../wire/crypto.ts';
import { drawnBytes } from '../wire/drawn-bytes.ts';
import {
  type Epoch,
  type Opened,
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

/** A sealed `data.request` of some 300 bytes, signed or not, and its id. */
export function sealedRequest(
  pair: WirePair,
  subject: string,
  signed: boolean,
): { readonly id: string; readonly bytes: Uint8Array } {
  const time = Date.now();
  const id = eventId(time, random(10));
  const event = encodeEvent({
    id,
    type: 'data.request',
    time,
    party: 'service',
    contract: { id: 'bench.shop', version: 3, hash: 'ab'.repeat(32) },
    payload: { fields: ['personal/full_name', 'personal/shipping_address'], purpose: 'order' },
  });
  const { connection, signer, toVault: epoch } = pair;
  const contents = signed
    ? { event, seen: 1, signature: signEvent(signer, { connection, subject, epoch }, event) }
    : { event, seen: 1 };
  return { id, bytes: sealed(pair, epoch, subject, id, contents) };
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
  const time = Date.now();
  const id = eventId(time, random(10));
  const fields = {
    'personal/full_name': 'Ada Lovelace',
    'personal/shipping_address': '12 St James’s Square, London SW1Y 4JH, United Kingdom',
  };
  const event = encodeEvent({
    id,
    type: 'event.answer',
    time,
    party: pair.vault,
    cause,
    payload: { status: 'served', type: 'data.request', result: { fields, refused: [] } },
  });
  return sealed(pair, pair.fromVault, subject, id, { event, seen: 1 });
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
  { connection }: WirePair,
  epoch: Epoch,
  subject: string,
  eventId: string,
  contents: Opened,
): Uint8Array {
  return sealEnvelope({ connection, epoch, subject, eventId, nonce: random(24), contents });
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
