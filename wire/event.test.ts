import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from './bytes.ts';
import { decodeEvent, type Event, encodeEvent, eventBytesMax } from './event.ts';
import { encode } from './msgpack.ts';

const event: Event = {
  id: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  type: 'data.request',
  time: 1_645_557_742_000,
  party: `A${'B'.repeat(55)}`,
  payload: { fields: ['personal/name'], purpose: 'greeting' },
};
const whole: Event = {
  ...event,
  expires: 1_645_557_802_000,
  contract: { id: 'shop.orders', version: 7, hash: '0f'.repeat(32) },
  cause: '017f22e2-79b0-7cc3-98c4-dc0c0c073980',
};
/** Members as they stand in the map, with some of them changed. */
const members = (changed: Record<string, unknown>) => encode({ v: 1, ...whole, ...changed });
const refusal = (bytes: Uint8Array) => {
  const parsed = decodeEvent(bytes);
  return parsed.ok ? 'taken' : parsed.reason;
};

describe('an event', () => {
  test('is read as it was written, with and without what may be left out', () => {
    for (const one of [event, whole, { ...event, payload: null }])
      expect(decodeEvent(encodeEvent(one))).toStrictEqual({ ok: true, value: one });
  });

  // These bytes are signed: another encoding library must write the very same.
  test('has the bytes that the standard gives it', () => {
    const small = { ...event, party: 'owner', payload: { n: 1 }, expires: event.time + 1 };
    expect(toHex(encodeEvent(small))).toBe(
      [
        '87',
        'a17601',
        'a26964d92430313766323265322d373962302d376363332d393863342d646330633063303733393866',
        'a474797065ac646174612e72657175657374',
        'a474696d65d30000017f22e279b0',
        'a765787069726573d30000017f22e279b1',
        'a57061727479a56f776e6572',
        'a77061796c6f616481a16e01',
      ].join(''),
    );
  });

  test('may have its members in any order and its numbers in any width', () => {
    const bytes = encode({ ...event, time: event.time, v: 1 });
    expect(decodeEvent(bytes)).toStrictEqual({ ok: true, value: event });
  });
});

describe('an event is malformed', () => {
  test.each<[string, Record<string, unknown>]>([
    ['its id is not a UUIDv7', { id: '017f22e2-79b0-4cc3-98c4-dc0c0c07398f' }],
    ['its id is upper case', { id: whole.id.toUpperCase() }],
    ['its type is not one', { type: 'data.*' }],
    ['its time is negative', { time: -1 }],
    ['its time is a fraction', { time: 0.5 }],
    ['its time is past 48 bits', { time: 2 ** 48 }],
    ['its time is text', { time: '1645557742000' }],
    ['its expiry is no time', { expires: null }],
    ['its party could be a subject', { party: 'a.b' }],
    ['its party is empty', { party: '' }],
    ['its party is too long', { party: 'a'.repeat(65) }],
    ['its cause is no event', { cause: 'x' }],
    ['its contract is null', { contract: null }],
    ['its contract has no hash', { contract: { id: 'a', version: 1 } }],
    ['its contract has more', { contract: { ...whole.contract, extra: 1 } }],
    ['its contract hash is upper case', { contract: { ...whole.contract, hash: 'AB'.repeat(32) } }],
    ['its contract version is 0', { contract: { ...whole.contract, version: 0 } }],
    ['its contract version is a fraction', { contract: { ...whole.contract, version: 1.5 } }],
    ['its contract version is too great', { contract: { ...whole.contract, version: 1_000_001 } }],
    ['its contract id holds a gap', { contract: { ...whole.contract, id: 'a b' } }],
    ['it has no payload', { payload: undefined }],
    ['it has a member that is not known', { priority: 1 }],
    ['it has a member that objects inherit', { toString: 1 }],
  ])('when %s', (_, changed) => {
    expect(refusal(members(changed))).toBe('malformed');
  });

  test.each<[string, Uint8Array]>([
    ['is no map', encode([1])],
    ['is no msgpack', fromHex('c1')],
    ['is empty', new Uint8Array(0)],
    ['has trailing bytes', fromHex(`${toHex(encodeEvent(event))}00`)],
    ['has a member twice', fromHex('82a17601a17601')],
  ])('when it %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('malformed');
  });

  test('when it nests deeper than 16, so that it can stand inside a record', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(refusal(members({ payload: nested(15) }))).toBe('taken');
    expect(refusal(members({ payload: nested(16) }))).toBe('malformed');
  });
});

test.each<{ v: unknown }>(
  [0, 2, '1', null, [], {}, { toString: 1, valueOf: 1 }, '😀'].map((v) => ({ v })),
)('an event of version $v is not supported', ({ v }) =>
  expect(refusal(members({ v }))).toBe('version_unsupported'),
);

test('an event without a version is not supported', () => {
  expect(refusal(encode({ ...event }))).toBe('version_unsupported');
});

test('an event may be as large as the limit and no larger', () => {
  const padding = eventBytesMax - members({ payload: new Uint8Array(70_000) }).length + 70_000;
  expect(refusal(members({ payload: new Uint8Array(padding) }))).toBe('taken');
  expect(refusal(members({ payload: new Uint8Array(padding + 1) }))).toBe('too_large');
});

test('is not written any larger', () => {
  const sized = (bytes: number): Event => ({ ...event, payload: new Uint8Array(bytes) });
  const padding = eventBytesMax - encodeEvent(sized(70_000)).length + 70_000;
  expect(encodeEvent(sized(padding))).toHaveLength(eventBytesMax);
  expect(refusal(encodeEvent(sized(padding)))).toBe('taken');
  expect(() => encodeEvent(sized(padding + 1))).toThrow(
    expect.objectContaining({ code: 'TOO_LARGE', bytes: eventBytesMax + 1 }),
  );
});

test('a detail repeats nothing of what was sent', () => {
  for (const bytes of [
    members({ secret: 1 }),
    members({ v: 'secret' }),
    members({ type: 'secret ' }),
  ])
    expect(decodeEvent(bytes)).toMatchObject({
      ok: false,
      detail: expect.not.stringMatching('secret'),
    });
});

test('whatever the bytes are, an event is taken or refused', () => {
  const good = encodeEvent(whole);
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.uint8Array({ minLength: 1, maxLength: 9 }),
      (at, noise) => {
        const bytes = good.slice();
        bytes.set(noise.subarray(0, bytes.length - at), at);
        expect(['taken', 'malformed', 'version_unsupported']).toContain(refusal(bytes));
      },
    ),
    { numRuns: 1000 },
  );
});
