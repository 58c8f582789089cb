import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../wire/bytes.ts';
import { encode, integer } from '../wire/msgpack.ts';
import type { Draft } from './bodies.ts';
import { kindNumbers, kindOf } from './kinds.ts';
import { openRecord, type Place, parseRecord, recordBytesMax, sealRecord } from './record.ts';
import { fixedBytes, identity, startTime, stored, vaultScope } from './testing/fixtures.ts';

const key = fixedBytes('scope key');
const nonce = fixedBytes('nonce', 24);
const place: Place = {
  ledgerId: identity.id,
  index: 7,
  time: startTime,
  scopeIndex: 2,
  scopePrevious: fixedBytes('leaf'),
};
const sealedOne = sealRecord({ ...stored('Ada'), cause: 3 }, place, key, nonce).bytes;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? `${error}`;
  }
  return 'none';
}

function openAt(bytes: Uint8Array, index = place.index, ledgerId = identity.id, under = key) {
  return openRecord(parseRecord(bytes, index), ledgerId, index, under);
}

/** The record with other members in its header. */
function withHeader(...members: readonly unknown[]): Uint8Array {
  return encode([encode(members), fixedBytes('sealed', 32)]);
}

const goodHeader = [
  1,
  20,
  integer(startTime),
  fixedBytes('s', 16),
  nonce,
  fixedBytes('c'),
] as const;

function headerWith(position: number, value: unknown): Uint8Array {
  return withHeader(...goodHeader.map((member, at) => (at === position ? value : member)));
}

describe('the bytes of a record', () => {
  it('are what the encoder of all other values writes, whatever the body is', () => {
    const facts = fc.record({
      kind: fc.constantFrom(...(Object.keys(kindNumbers) as Draft['kind'][])),
      value: fc.string({ maxLength: 70_000, size: 'max' }),
      time: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(facts, ({ kind, value, time }) => {
        const draft = { kind, scope: vaultScope, body: { value } } as unknown as Draft;
        const { bytes } = sealRecord(draft, { ...place, time }, key, nonce);
        const { header, headerBytes, sealed } = parseRecord(bytes, place.index);
        const { commitment } = header;
        const parts = [1, kindNumbers[kind], integer(time), fromHex(vaultScope), nonce, commitment];
        expect(bytes).toEqual(encode([encode(parts), new Uint8Array(sealed)]));
        expect(headerBytes).toEqual(encode(parts));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a record that is refused', () => {
  it('leaves nothing behind in the one that is sealed after it', () => {
    const long = { ...stored('x'.repeat(5000)), cause: 3 };
    const refused = [
      () => sealRecord({ ...long, cause: place.index }, place, key, nonce),
      () => sealRecord({ ...long, scope: 'A0'.repeat(16) }, place, key, nonce),
      () => sealRecord(long, { ...place, time: -1 }, key, nonce),
      () => sealRecord(long, place, key, nonce.subarray(1)),
    ];
    for (const seal of refused) {
      expect(seal).toThrow();
      expect(sealRecord({ ...stored('Ada'), cause: 3 }, place, key, nonce).bytes).toEqual(
        sealedOne,
      );
    }
  });
});

describe('a sealed record', () => {
  it('opens to what was sealed, whatever that was', () => {
    const bodies = fc.record({ field: fc.string(), value: fc.string({ unit: 'binary' }) });
    const facts = fc.record({
      body: bodies,
      cause: fc.option(fc.nat(6), { nil: undefined }),
      nonce: fc.uint8Array({ minLength: 24, maxLength: 24 }),
      time: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(facts, ({ body, cause, nonce: random, time }) => {
        const because = cause === undefined ? {} : { cause };
        const draft = { kind: 'stored', scope: vaultScope, body, ...because } as Draft;
        const { bytes } = sealRecord(draft, { ...place, time }, key, random);
        const { header } = parseRecord(bytes, place.index);
        expect({ kind: header.kind, time: header.time, scope: header.scope }).toEqual({
          kind: 'stored',
          time,
          scope: vaultScope,
        });
        expect(openAt(bytes)).toEqual({
          scopeIndex: place.scopeIndex,
          scopePrevious: place.scopePrevious,
          body,
          ...because,
        });
      }),
    );
  });

  it('gives its body as a reader will see it: without undefined members', () => {
    const body = { field: 'f', value: 'v', more: undefined };
    const { body: seen } = sealRecord({ ...stored('v'), body } as Draft, place, key, nonce);
    expect(Object.keys(seen as object)).toEqual(['field', 'value']);
  });

  it('shows only header and padded length', () => {
    const short = sealRecord(stored('a'), place, key, nonce).bytes;
    const longer = sealRecord(stored('another'), place, key, nonce).bytes;
    expect(longer).toHaveLength(short.length);
  });

  it('is refused with any one bit flipped, by the code of what broke', () => {
    const codes = new Map<string, number>();
    for (let at = 0; at < sealedOne.length * 8; at++) {
      const bytes = sealedOne.slice();
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
      const code = codeOf(() => openAt(bytes));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual([
      'KEY_COMMITMENT',
      'KIND_UNKNOWN',
      'RECORD_MALFORMED',
      'SEAL_BROKEN',
      'VERSION_UNSUPPORTED',
    ]);
    // Every bit of the commitment and of the nonce's first 16 bytes, which make the record key.
    expect(codes.get('KEY_COMMITMENT')).toBe((32 + 16) * 8);
  });

  it('does not open under another key', () => {
    const code = codeOf(() => openAt(sealedOne, 7, identity.id, fixedBytes('other')));
    expect(code).toBe('KEY_COMMITMENT');
  });

  it('does not open at another index, nor in another ledger', () => {
    expect(codeOf(() => openAt(sealedOne, 8))).toBe('SEAL_BROKEN');
    expect(codeOf(() => openAt(sealedOne, 7, fixedBytes('ledger', 16)))).toBe('SEAL_BROKEN');
  });
});

describe('a header', () => {
  it('is refused when its version is unknown, even when it has other parts', () => {
    expect(codeOf(() => parseRecord(headerWith(0, 2), 0))).toBe('VERSION_UNSUPPORTED');
    expect(codeOf(() => parseRecord(withHeader(2, 'new'), 0))).toBe('VERSION_UNSUPPORTED');
  });

  it('is refused when its kind is unknown', () => {
    expect(codeOf(() => parseRecord(headerWith(1, 255), 0))).toBe('KIND_UNKNOWN');
  });

  it.each([
    ['version is text', 0, '1'],
    ['version cannot be turned into text', 0, { toString: 1, valueOf: 1 }],
    ['kind cannot be turned into text', 1, { toString: 1, valueOf: 1 }],
    ['time is a fraction', 2, 1.5],
    ['time is negative', 2, -1],
    ['scope is short', 3, new Uint8Array(15)],
    ['nonce is long', 4, new Uint8Array(25)],
    ['commitment is text', 5, 'c'],
  ])('is refused when its %s', (_, position, value) => {
    expect(codeOf(() => parseRecord(headerWith(position, value), 0))).toBe('RECORD_MALFORMED');
  });

  it('is refused with a part too many or too few, and when it is no msgpack at all', () => {
    const bad = [
      withHeader(...goodHeader, 1),
      withHeader(...goodHeader.slice(0, 5)),
      encode([fixedBytes('h')]),
      encode({ header: 1 }),
      encode([encode([...goodHeader]), 'sealed']),
      Uint8Array.of(0xc1),
      new Uint8Array(0),
      new Uint8Array(recordBytesMax + 1),
    ];
    for (const bytes of bad) expect(codeOf(() => parseRecord(bytes, 0))).toBe('RECORD_MALFORMED');
  });

  it('names every kind by a number of its own', () => {
    for (const [kind, number] of Object.entries(kindNumbers)) expect(kindOf(number)).toBe(kind);
    expect(new Set(Object.values(kindNumbers)).size).toBe(Object.keys(kindNumbers).length);
  });
});

describe('what could not be read back is not sealed:', () => {
  let nested: unknown = 'deep';
  for (let depth = 0; depth < 32; depth++) nested = [nested];
  const seal = (draft: object, at: Partial<Place> = {}) =>
    codeOf(() =>
      sealRecord({ ...stored('v'), ...draft } as Draft, { ...place, ...at }, key, nonce),
    );

  it.each([
    ['nesting above what a reader takes', { body: nested }],
    ['text that is not Unicode', { body: { value: '\ud800' } }],
    ['numbers that are none', { body: { value: Number.NaN } }],
    ['dates', { body: { value: new Date(0) } }],
    ['a key that readers refuse', { body: JSON.parse('{"__proto__": 1}') }],
    ['a cause that does not stand before it', { cause: 7 }],
    ['a cause that is no index', { cause: -1 }],
  ])('%s', (_, draft) => {
    expect(seal(draft)).toBe('BODY_MALFORMED');
  });

  it('scopes that are not 16 bytes of lower-case hex, and times beyond 2^53', () => {
    expect(seal({ scope: 'a0' })).toBe('RECORD_MALFORMED');
    expect(seal({ scope: vaultScope.toUpperCase() })).toBe('RECORD_MALFORMED');
    expect(seal({}, { time: 2 ** 60 })).toBe('RECORD_MALFORMED');
  });

  it('more bytes than a record may have', () => {
    expect(seal({ body: { field: 'f', value: 'v'.repeat(recordBytesMax) } })).toBe('TOO_LARGE');
  });
});
