/* Openings forged by whoever operates the messaging layer: they can change every clear byte, and know no key. */
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { signerFrom } from '../wire/crypto.ts';
import {
  type Direction,
  type Envelope,
  encapsulationHash,
  epochInfo,
  type Opening,
  parseEnvelope,
  sealEnvelope,
  signOpening,
} from '../wire/envelope.ts';
import { encodeEvent } from '../wire/event.ts';
import { eventId } from '../wire/identifiers.ts';
import { encapsulate, keyId } from '../wire/key-encapsulation.ts';
import { encode } from '../wire/msgpack.ts';
import { day, LossyWorld } from './lossy-world.ts';

type Message = { readonly subject: string; readonly bytes: Uint8Array };
type Forge = (honest: Message) => Promise<Message> | Message;

let world: LossyWorld;
let other: LossyWorld;
beforeEach(async () => {
  world = await LossyWorld.create();
  other = await LossyWorld.create('other');
});

function read({ bytes }: Message): Envelope & { readonly opening: Opening } {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok || envelope.value.opening === undefined) throw new Error('no opening');
  return { ...envelope.value, opening: envelope.value.opening };
}

/** An envelope with other clear parts: the box is as it was. */
function altered(message: Message, change: Partial<Envelope>): Message {
  const { connection, epoch, event, nonce, opening, box } = { ...read(message), ...change };
  const parts = opening && [opening.recipient, opening.encapsulation, opening.signature];
  const bytes = encode([1, 1, connection, epoch, event, nonce, parts ?? null, box]);
  return { subject: message.subject, bytes };
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => (at === 9 ? byte ^ 1 : byte));
}

/** An opening to the receiver's own key with a secret that the forger knows, and an event sealed under it. */
async function ownSecret(message: Message, direction: Direction, to: Uint8Array): Promise<Message> {
  const { connection, epoch: number } = read(message);
  const made = await encapsulate(to, epochInfo(connection, direction, number));
  const part = { recipient: keyId(to), encapsulation: made.encapsulation };
  const forger = signerFrom(new Uint8Array(randomBytes(32)));
  const opening = signOpening(forger, connection, direction, number, part);
  const id = eventId(world.now, new Uint8Array(randomBytes(10)));
  const { party, vault } = world.identity;
  const from = direction === 'to-vault' ? party : vault;
  const event = { id, type: 'note.send', time: world.now, party: from, payload: {} };
  const bytes = sealEnvelope({
    connection,
    epoch: { number, key: made.secret, encapsulationHash: encapsulationHash(part) },
    opening,
    subject: message.subject,
    eventId: id,
    nonce: new Uint8Array(randomBytes(24)),
    contents: { event: encodeEvent(event), signature: new Uint8Array(64), seen: 0 },
  });
  return { subject: message.subject, bytes };
}

/** What each direction's forger may do to a message that opens an epoch. */
function forgeries(direction: Direction): [string, Forge, string[]][] {
  const receiver = (): Uint8Array =>
    direction === 'to-vault'
      ? world.identity.vaultEncapsulation
      : world.identity.encapsulation.publicKey;
  const opening = (change: (own: Opening) => Partial<Opening>): Forge => {
    return (honest) => {
      const own = read(honest).opening;
      return altered(honest, { opening: { ...own, ...change(own) } });
    };
  };
  const anothers = async (): Promise<Opening> => {
    const sent = direction === 'to-vault' ? await other.seal() : (await other.say()).said[0];
    if (sent === undefined) throw new Error('nothing was said');
    return read(sent).opening;
  };
  return [
    [
      'a signature with a bit changed',
      opening(({ signature }) => ({ signature: flipped(signature) })),
      ['signature_invalid'],
    ],
    [
      'a recipient that is another key',
      opening(({ recipient }) => ({ recipient: flipped(recipient) })),
      ['key_unknown'],
    ],
    [
      'an encapsulation with a bit changed',
      opening(({ encapsulation }) => ({ encapsulation: flipped(encapsulation) })),
      ['signature_invalid'],
    ],
    [
      'another epoch number',
      (honest) => altered(honest, { epoch: read(honest).epoch + 1 }),
      ['signature_invalid'],
    ],
    [
      'the number of an epoch before',
      (honest) => altered(honest, { epoch: Math.max(1, read(honest).epoch - 1) }),
      ['signature_invalid', 'decrypt_failed', 'key_unknown'],
    ],
    [
      'the opening of another connection',
      async (honest) => altered(honest, { opening: await anothers() }),
      ['signature_invalid', 'key_unknown'],
    ],
    [
      'no opening at all',
      (honest) => altered(honest, { opening: undefined } as object),
      ['key_unknown'],
    ],
    [
      'a secret that the forger knows',
      (honest) => ownSecret(honest, direction, receiver()),
      ['signature_invalid'],
    ],
  ];
}

function failure(records: readonly { kind: string; body: unknown }[]): unknown {
  const found = records.find(({ kind }) => kind === 'decided')?.body;
  return (found as { reason?: string } | undefined)?.reason;
}

describe('to the vault: nothing is installed, the refusal is on record, and the honest event still comes through', () => {
  it.each(forgeries('to-vault').map(([name]) => name))('%s', async (name) => {
    const [, forge, reasons] = forgeries('to-vault').find(([one]) => one === name) ?? [];
    const honest = await world.seal();
    const forged = await forge?.(honest);
    if (forged === undefined) throw new Error('nothing forged');
    const { records } = await world.take(forged);
    expect(reasons).toContain(failure(records));
    expect(world.connection.receiving.size).toBe(0);
    expect(failure((await world.take(honest)).records)).toBe('event_unsupported');
    expect([...world.connection.receiving.keys()]).toEqual([read(honest).epoch]);
  });

  it('an older opening once more, in an epoch that is known: as the known one, or not at all', async () => {
    const old = await world.seal();
    await world.take(old);
    world.now += day;
    const next = await world.seal();
    const mixed = altered(next, { epoch: read(old).epoch, opening: read(old).opening });
    expect(failure((await world.take(mixed)).records)).toBe('decrypt_failed');
    const swapped = altered(next, { opening: read(old).opening });
    expect(failure((await world.take(swapped)).records)).toBe('signature_invalid');
    const other_ = altered(old, { opening: read(next).opening });
    expect(failure((await world.take(other_)).records)).toBe('key_unknown');
    const key = world.connection.receiving.get(read(old).epoch)?.key;
    expect(failure((await world.take(next)).records)).toBe('event_unsupported');
    expect(world.connection.receiving.get(read(old).epoch)?.key).toBe(key);
  });

  it('the service’s opening of today for its event of tomorrow, from a thief of one secret', async () => {
    // Whoever has one epoch's secret seals under it, but cannot sign an event, nor give the epoch another number.
    const event = await world.seal();
    await world.take(event);
    const later = altered(event, { epoch: read(event).epoch + 7 });
    expect(failure((await world.take(later)).records)).toBe('signature_invalid');
  });
});

describe('to the service: nothing is installed, and the honest message still opens', () => {
  it.each(forgeries('from-vault').map(([name]) => name))('%s', async (name) => {
    const [, forge] = forgeries('from-vault').find(([one]) => one === name) ?? [];
    const honest = (await world.say()).said[0];
    const forged = honest && (await forge?.(honest));
    if (honest === undefined || forged === undefined) throw new Error('nothing forged');
    // An epoch 1 is the first: the number before it is the same, and then the message is the honest one.
    const same = Buffer.compare(forged.bytes, honest.bytes) === 0;
    const opened = await world.session.open(forged.subject, forged.bytes);
    expect(opened !== undefined).toBe(same);
    expect(await world.session.open(honest.subject, honest.bytes)).toBeDefined();
  });

  it('another encapsulation for a known epoch changes nothing', async () => {
    const said = async (): Promise<Message> => {
      const [one] = (await world.say()).said;
      if (one === undefined) throw new Error('nothing was said');
      return one;
    };
    const first = await said();
    await world.session.open(first.subject, first.bytes);
    const second = await said();
    const forged = await ownSecret(second, 'from-vault', world.identity.encapsulation.publicKey);
    expect(await world.session.open(forged.subject, forged.bytes)).toBeUndefined();
    expect(await world.session.open(second.subject, second.bytes)).toBeDefined();
  });
});
