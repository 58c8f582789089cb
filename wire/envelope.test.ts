import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, utf8 } from './bytes.ts';
import { seal, signerFrom } from './crypto.ts';
import {
  type Envelope,
  type Epoch,
  encapsulationHash,
  epochInfo,
  openEnvelope,
  parseEnvelope,
  type Sealing,
  sameOpening,
  sealEnvelope,
  signEvent,
  signOpening,
  verifyEvent,
  verifyOpening,
} from './envelope.ts';
import { identifierFrom } from './identifiers.ts';
import { encode } from './msgpack.ts';
import { pad } from './padding.ts';

const signer = signerFrom(new Uint8Array(32).fill(1));
const connection = identifierFrom(new Uint8Array(16).fill(2));
const part = {
  recipient: new Uint8Array(16).fill(3),
  encapsulation: new Uint8Array(1120).fill(4),
};
const opening = signOpening(signer, connection, 'to-vault', 5, part);
const epoch: Epoch = {
  number: 5,
  key: new Uint8Array(32).fill(6),
  encapsulationHash: encapsulationHash(part),
};
const subject = `MessageSpace.${identifierFrom(new Uint8Array(16))}.fromService.A${'B'.repeat(55)}.data.request`;
const event = utf8('an event');
const sealing: Sealing = {
  connection,
  epoch,
  subject,
  eventId: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  nonce: new Uint8Array(24).fill(7),
  contents: { event, signature: signEvent(signer, { connection, subject, epoch }, event), seen: 8 },
};

function parsed(bytes: Uint8Array): Envelope {
  const result = parseEnvelope(bytes);
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

/** All that a receiver does with an envelope: the event, or why there is none. */
function receive(bytes: Uint8Array, on: string = subject): Uint8Array | string {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return envelope.reason;
  const { opening: sent } = envelope.value;
  if (sent !== undefined && !verifyOpening(signer.publicKey, 'to-vault', envelope.value, sent))
    return 'signature_invalid';
  const opened = openEnvelope(envelope.value, on, epoch.key);
  if (!opened.ok) return opened.reason;
  const { event: said, signature } = opened.value;
  if (signature === undefined) return said;
  const where = { connection, subject: on, epoch };
  return verifyEvent(signer.publicKey, where, said, signature) ? said : 'signature_invalid';
}

describe('an envelope', () => {
  test('gives back what was sealed, with an opening and a signature or without', () => {
    const { event: said, signature } = sealing.contents;
    for (const contents of [sealing.contents, { event: said, seen: 0 }])
      for (const one of [
        { ...sealing, contents },
        { ...sealing, opening, contents },
      ]) {
        const envelope = parsed(sealEnvelope(one));
        expect(envelope.opening).toStrictEqual(one.opening);
        expect(openEnvelope(envelope, subject, epoch.key)).toStrictEqual({
          ok: true,
          value: contents,
        });
      }
    expect(signature).toHaveLength(64);
  });

  // Another encoding library must write the very same bytes.
  test('has the bytes that the standard gives it', () => {
    const bytes = sealEnvelope({ ...sealing, contents: { event, seen: 8 } });
    expect(toHex(bytes)).toBe(
      [
        '98',
        '01',
        '01',
        'ba616962616561716361696261656171636169626165617163',
        '6169',
        '05',
        'd92430313766323265322d373962302d376363332d393863342d646330633063303733393866',
        `c418${'07'.repeat(24)}`,
        'c0',
        'c450',
        '58431c0592602e9f018d85989c65529979942693c525c81e3942b88cbb5ab6868958ba9485293b1d',
        '1a0c6279ced285d2e4bef0635f2019a4fcf924e31068ffc2b8c282934fe9ded65866ac07046939b1',
      ].join(''),
    );
    const aad = encode(['cambium/envelope/v1', 1, 1, connection, 5, subject, sealing.eventId]);
    const box = seal(epoch.key, sealing.nonce, aad, pad(encode([event, null, 8])));
    expect(bytes.subarray(98)).toStrictEqual(box);
  });

  test('is refused when any byte of it is another, each time with a code', () => {
    const bytes = sealEnvelope({ ...sealing, opening });
    expect(receive(bytes)).toStrictEqual(event);
    const codes = new Set<unknown>();
    for (let at = 0; at < bytes.length; at++)
      for (const mask of [0x01, 0x80]) {
        const other = bytes.slice();
        other[at] = (other[at] ?? 0) ^ mask;
        codes.add(receive(other));
      }
    expect([...codes].sort()).toStrictEqual([
      ...['decrypt_failed', 'malformed', 'signature_invalid', 'suite_refused'],
      'version_unsupported',
    ]);
  });

  test('is refused when it was cut short anywhere', () => {
    const bytes = sealEnvelope({ ...sealing, opening });
    for (let length = 0; length < bytes.length; length++)
      expect(receive(bytes.subarray(0, length))).toBe('malformed');
    expect(receive(concat(bytes, Uint8Array.of(0)))).toBe('malformed');
  });

  test('opens on its own subject only, as its own event, connection and epoch, under its own key', () => {
    const envelope = parsed(sealEnvelope(sealing));
    const failed = { ok: false, reason: 'decrypt_failed' };
    const other = identifierFrom(new Uint8Array(16).fill(9));
    const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398e';
    expect(openEnvelope(envelope, `${subject}x`, epoch.key)).toMatchObject(failed);
    expect(openEnvelope({ ...envelope, event: id }, subject, epoch.key)).toMatchObject(failed);
    expect(openEnvelope({ ...envelope, connection: other }, subject, epoch.key)).toMatchObject(
      failed,
    );
    expect(openEnvelope({ ...envelope, epoch: 6 }, subject, epoch.key)).toMatchObject(failed);
    expect(openEnvelope(envelope, subject, new Uint8Array(32))).toMatchObject(failed);
  });
});

describe('the clear part', () => {
  const good = [1, 1, connection, 5, sealing.eventId, sealing.nonce, null, new Uint8Array(80)];
  const reason = (at: number, value: unknown) => {
    const result = parseEnvelope(encode(good.with(at, value as never)));
    return result.ok ? 'taken' : result.reason;
  };

  test.each([0, 2, '1', null, [], { toString: 1, valueOf: 1 }])('of version %j', (version) => {
    expect(reason(0, version)).toBe('version_unsupported');
  });

  test.each([0, 2, '1', null, [], { toString: 1, valueOf: 1 }])('of suite %j', (suite) => {
    expect(reason(1, suite)).toBe('suite_refused');
  });

  test.each<[string, number, unknown]>([
    ['a connection that is none', 2, 'a.b'],
    ['a connection that is a number', 2, 1],
    ['epoch 0', 3, 0],
    ['half an epoch', 3, 1.5],
    ['an epoch past 32 bits', 3, 2n ** 32n],
    ['an epoch as text', 3, '5'],
    ['an event that is none', 4, 'x'],
    ['a nonce that is too short', 5, new Uint8Array(23)],
    ['a nonce that is too long', 5, new Uint8Array(25)],
    ['a nonce as text', 5, 'n'.repeat(24)],
    ['an opening of false', 6, false],
    ['an empty opening', 6, []],
    ['an opening with more', 6, [part.recipient, part.encapsulation, opening.signature, 0]],
    [
      'a recipient that is too short',
      6,
      [new Uint8Array(15), part.encapsulation, opening.signature],
    ],
    [
      'an encapsulation that is too short',
      6,
      [part.recipient, new Uint8Array(1119), opening.signature],
    ],
    ['an opening without its signature', 6, [part.recipient, part.encapsulation, null]],
    ['a box as text', 7, 'box'],
  ])('with %s is malformed', (_, at, value) => {
    expect(reason(at, value)).toBe('malformed');
  });

  test('is an array of eight', () => {
    for (const value of [good.slice(0, 7), [...good, null], { ...good }])
      expect(parseEnvelope(encode(value))).toMatchObject({ ok: false, reason: 'malformed' });
    expect(parseEnvelope(encode([]))).toMatchObject({ reason: 'version_unsupported' });
  });

  test('is not read when the envelope is larger than the limit', () => {
    const bytes = encode(good.with(7, new Uint8Array(192 * 1024)));
    expect(parseEnvelope(bytes)).toMatchObject({ ok: false, reason: 'too_large' });
  });
});

describe('the sealed part, from a sender who has the key', () => {
  const opened = (inner: Uint8Array) => {
    const aad = encode(['cambium/envelope/v1', 1, 1, connection, 5, subject, sealing.eventId]);
    const box = seal(epoch.key, sealing.nonce, aad, inner);
    return openEnvelope({ ...parsed(sealEnvelope(sealing)), box }, subject, epoch.key);
  };

  test.each<[string, Uint8Array]>([
    ['is not padded', encode([event, null, 0])],
    ['is empty', new Uint8Array(0)],
    ['is no array', pad(encode({ event }))],
    ['has two parts', pad(encode([event, null]))],
    ['has four parts', pad(encode([event, null, 0, 0]))],
    ['holds an event as text', pad(encode(['event', null, 0]))],
    ['holds a signature that is too short', pad(encode([event, new Uint8Array(63), 0]))],
    ['has seen a negative epoch', pad(encode([event, null, -1]))],
    ['has seen an epoch past 32 bits', pad(encode([event, null, 2n ** 32n]))],
    ['has trailing bytes', pad(concat(encode([event, null, 0]), fromHex('c0')))],
  ])('is malformed when it %s', (_, inner) => {
    expect(opened(inner)).toMatchObject({ ok: false, reason: 'malformed' });
  });
});

describe('the signature of an opening', () => {
  const envelope = parsed(sealEnvelope({ ...sealing, opening }));
  const valid = (
    changes: Partial<Envelope>,
    sent = opening,
    direction: 'to-vault' | 'from-vault' = 'to-vault',
  ) => verifyOpening(signer.publicKey, direction, { ...envelope, ...changes }, sent);

  test('is over connection, direction, epoch, recipient and encapsulation', () => {
    expect(valid({})).toBe(true);
    expect(valid({ connection: identifierFrom(new Uint8Array(16)) })).toBe(false);
    expect(valid({ epoch: 6 })).toBe(false);
    expect(valid({}, opening, 'from-vault')).toBe(false);
    expect(valid({}, { ...opening, recipient: new Uint8Array(16) })).toBe(false);
    expect(valid({}, { ...opening, encapsulation: new Uint8Array(1120) })).toBe(false);
    expect(valid({}, { ...opening, signature: new Uint8Array(64) })).toBe(false);
  });

  test('is its sender’s', () => {
    const other = signerFrom(new Uint8Array(32).fill(2)).publicKey;
    expect(verifyOpening(other, 'to-vault', envelope, opening)).toBe(false);
  });

  test('tells whether an epoch was opened by it', () => {
    expect(sameOpening(epoch, opening)).toBe(true);
    expect(sameOpening(epoch, { ...opening, encapsulation: new Uint8Array(1120) })).toBe(false);
  });
});

describe('the signature of an event', () => {
  const where = { connection, subject, epoch };
  const signature = signEvent(signer, where, event);
  const valid = (changes: Partial<typeof where>, said = event) =>
    verifyEvent(signer.publicKey, { ...where, ...changes }, said, signature);

  test('is over connection, subject, epoch, encapsulation and the event', () => {
    expect(valid({})).toBe(true);
    expect(valid({}, utf8('another event'))).toBe(false);
    expect(valid({ connection: identifierFrom(new Uint8Array(16)) })).toBe(false);
    expect(valid({ subject: `${subject}x` })).toBe(false);
    expect(valid({ epoch: { ...epoch, number: 6 } })).toBe(false);
    expect(valid({ epoch: { ...epoch, encapsulationHash: new Uint8Array(32) } })).toBe(false);
  });

  test('is no signature of an opening', () => {
    const message = encode([connection, 'to-vault', 5, part.recipient, part.encapsulation]);
    expect(signer.sign('cambium/opening/v1', message)).toStrictEqual(opening.signature);
    expect(signer.sign('cambium/event/v1', message)).not.toStrictEqual(opening.signature);
  });
});

test('an epoch’s secret is bound to connection, direction and epoch', () => {
  expect(epochInfo(connection, 'to-vault', 5)).toStrictEqual(
    encode(['cambium/epoch/v1', connection, 'to-vault', 5]),
  );
});
