import { describe, expect, it } from 'vitest';
import { signerFrom } from '../wire/crypto.ts';
import { decode, encode, integer } from '../wire/msgpack.ts';
import type { Draft } from './bodies.ts';
import { leafOf, nextHead } from './chain.ts';
import { type ChainEnd, emptyChain } from './chain-end.ts';
import { verifyCommit } from './commit.ts';
import { commitBytesMax, commitRecordsMax, encodeCommit } from './commit-format.ts';
import { sealRecord } from './record.ts';
import {
  fixedBytes,
  genesis,
  identity,
  keys,
  signer,
  startTime,
  stored,
} from './testing/fixtures.ts';

const start = emptyChain(identity);

/** A record as the writer would seal it, but for its place in its scope, which commits do not see. */
function record(index: number, draft: Draft, time = startTime + index): Uint8Array {
  const place = { ledgerId: identity.id, index, time, scopeIndex: 0, scopePrevious: null };
  const key = keys(draft.scope) ?? new Uint8Array(32);
  return sealRecord(draft, place, key, fixedBytes(`nonce ${index}`, 24)).bytes;
}

function commitOf(before: ChainEnd, records: readonly Uint8Array[], by = signer): Uint8Array {
  const head = records.reduce((sofar, bytes) => nextHead(sofar, leafOf(bytes)), before.head);
  return encodeCommit({ signer: by, ledgerId: identity.id, before, records, head });
}

function verify(bytes: Uint8Array, before: ChainEnd = start) {
  return verifyCommit(bytes, identity, before);
}

/** The error, as far as it matters: `code@index`. */
function outcome(bytes: Uint8Array, before: ChainEnd = start): string {
  try {
    verify(bytes, before);
  } catch (error) {
    const { code, index } = error as { code?: string; index?: number };
    return code === undefined ? `${error}` : `${code}@${index}`;
  }
  return 'ok';
}

const a = [record(0, genesis), record(1, stored('one')), record(2, stored('two'))];
const first = commitOf(start, a);
const afterFirst = verify(first).end;
const b = [record(3, stored('three')), record(4, stored('four'))];
const second = commitOf(afterFirst, b);

/** The commit with some parts replaced. */
function altered(bytes: Uint8Array, parts: Record<number, unknown>): Uint8Array {
  const values = decode(bytes) as readonly unknown[];
  const whole = (value: unknown, at: number) => (at === 2 ? integer(Number(value)) : value);
  return encode(values.map((value, at) => (at in parts ? parts[at] : whole(value, at))));
}

describe('a commit', () => {
  it('verifies, and carries the chain on', () => {
    const { records, end } = verify(second, afterFirst);
    expect(records.map(({ index }) => index)).toEqual([3, 4]);
    expect(records.map(({ leaf }) => leaf)).toEqual(b.map(leafOf));
    expect(end).toMatchObject({ size: 5, time: startTime + 4 });
    expect(altered(first, {})).toEqual(first);
  });

  it.each<[string, Record<number, unknown>, string]>([
    ['version', { 0: 3 }, 'VERSION_UNSUPPORTED@0'],
    ['version, by what is no number', { 0: { toString: 1, valueOf: 1 } }, 'COMMIT_MALFORMED@0'],
    ['ledger id', { 1: fixedBytes('x', 16) }, 'FOREIGN@0'],
    ['ledger id, by text', { 1: 'ledger' }, 'COMMIT_MALFORMED@0'],
    ['first index', { 2: 1 }, 'INDEX_GAP@0'],
    ['first index, by a fraction', { 2: 0.5 }, 'COMMIT_MALFORMED@0'],
    ['first index, by text', { 2: '0' }, 'COMMIT_MALFORMED@0'],
    ['previous head', { 3: fixedBytes('x') }, 'HEAD_MISMATCH@0'],
    ['previous head, by nothing', { 3: null }, 'COMMIT_MALFORMED@0'],
    ['records, by none', { 4: [] }, 'COMMIT_MALFORMED@0'],
    ['records, by text', { 4: ['one'] }, 'COMMIT_MALFORMED@0'],
    ['records, by too many', { 4: Array(commitRecordsMax + 1).fill(a[0]) }, 'COMMIT_MALFORMED@0'],
    ['last record', { 4: [a[0], a[1], b[0]] }, 'SIGNATURE_INVALID@0'],
    ['second record, by noise', { 4: [a[0], fixedBytes('x'), a[2]] }, 'RECORD_MALFORMED@1'],
    ['signature', { 5: fixedBytes('x', 64) }, 'SIGNATURE_INVALID@0'],
    ['signature, by a short one', { 5: fixedBytes('x', 32) }, 'SIGNATURE_INVALID@0'],
    ['signature, by text', { 5: 'signed' }, 'COMMIT_MALFORMED@0'],
  ])('is refused with another %s', (_, parts, code) => {
    expect(outcome(altered(first, parts))).toBe(code);
  });

  it('is refused with any one byte flipped', () => {
    for (let at = 0; at < first.length; at++) {
      const bytes = first.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0x41;
      expect(outcome(bytes), `byte ${at}`).not.toBe('ok');
    }
  });

  it('is refused cut short, prolonged, too large, or of another shape', () => {
    expect(outcome(first.slice(0, -1))).toBe('COMMIT_MALFORMED@0');
    expect(outcome(Uint8Array.of(...first, 0))).toBe('COMMIT_MALFORMED@0');
    expect(outcome(new Uint8Array(commitBytesMax + 1))).toBe('COMMIT_MALFORMED@0');
    expect(outcome(encode([1, 2]))).toBe('COMMIT_MALFORMED@0');
    expect(outcome(encode({ v: 1 }))).toBe('COMMIT_MALFORMED@0');
    expect(outcome(encode([3, 'of', 'the', 'future']))).toBe('VERSION_UNSUPPORTED@0');
  });

  it('is refused when another key signed it', () => {
    expect(outcome(commitOf(start, a, signerFrom(fixedBytes('y'))))).toBe('SIGNATURE_INVALID@0');
  });

  it('is not made with no record, with too many, or with too many bytes', () => {
    const [bytes = new Uint8Array(0)] = a;
    const many = Array<Uint8Array>(commitRecordsMax + 1).fill(bytes);
    const large = new Uint8Array(commitBytesMax);
    for (const records of [[], many, [large]])
      expect(() => commitOf(start, records)).toThrow(
        expect.objectContaining({ code: 'TOO_LARGE' }),
      );
  });
});

describe('records moved about are found:', () => {
  it('swapped inside a commit', () => {
    const swapped = [b[1], b[0]];
    // Their times give them away before the signature does.
    expect(outcome(altered(second, { 4: swapped }), afterFirst)).toBe('TIME_REVERSED@4');
    const sameTime = [record(3, stored('x'), startTime + 9), record(4, stored('y'), startTime + 9)];
    const commit = commitOf(afterFirst, sameTime);
    const turned = altered(commit, { 4: [sameTime[1], sameTime[0]] });
    expect(outcome(turned, afterFirst)).toBe('SIGNATURE_INVALID@3');
  });

  it('swapped between two commits', () => {
    expect(outcome(altered(first, { 4: [a[0], a[1], b[0]] }))).toBe('SIGNATURE_INVALID@0');
    expect(outcome(altered(second, { 4: [a[2], b[1]] }), afterFirst)).toBe('SIGNATURE_INVALID@3');
    expect(outcome(altered(second, { 4: [a[1], b[1]] }), afterFirst)).toBe('TIME_REVERSED@3');
  });

  it('moved from one commit to the next', () => {
    expect(outcome(altered(first, { 4: a.slice(0, 2) }))).toBe('SIGNATURE_INVALID@0');
    const short = { ...afterFirst, size: 2, time: startTime + 1 };
    const longer = altered(second, { 2: 2, 4: [a[2], ...b] });
    expect(outcome(longer, short)).toBe('SIGNATURE_INVALID@2');
  });

  it('two commits merged into one, one split into two', () => {
    expect(outcome(altered(first, { 4: [...a, ...b] }))).toBe('SIGNATURE_INVALID@0');
    expect(outcome(altered(second, { 4: b.slice(0, 1) }), afterFirst)).toBe('SIGNATURE_INVALID@3');
  });

  it('a commit doubled, or left out', () => {
    expect(outcome(first, afterFirst)).toBe('INDEX_GAP@3');
    expect(outcome(second, start)).toBe('INDEX_GAP@0');
  });

  it('a fork: signed by us, continuing another past', () => {
    const other = commitOf(start, [
      record(0, genesis),
      a[1] ?? a[0],
      record(2, stored('2')),
    ] as never);
    expect(outcome(second, verify(other).end)).toBe('HEAD_MISMATCH@3');
  });
});

describe('a commit that its own writer got wrong is refused as well:', () => {
  it('time going back inside it, or against the one before', () => {
    const back = [record(3, stored('x'), startTime + 9), record(4, stored('y'), startTime + 8)];
    expect(outcome(commitOf(afterFirst, back), afterFirst)).toBe('TIME_REVERSED@4');
    const old = commitOf(afterFirst, [record(3, stored('x'), startTime)]);
    expect(outcome(old, afterFirst)).toBe('TIME_REVERSED@3');
  });

  it('a ledger that does not begin with its genesis, or has two', () => {
    expect(outcome(commitOf(start, [record(0, stored('x'))]))).toBe('GENESIS_INVALID@0');
    expect(outcome(commitOf(start, [...a, record(3, genesis)]))).toBe('GENESIS_INVALID@3');
  });

  it('records of a kind or version that nobody knows', () => {
    const foreign = (header: readonly unknown[]) =>
      outcome(commitOf(start, [encode([encode(header), fixedBytes('s')])]));
    const rest = [integer(startTime), fixedBytes('s', 16), fixedBytes('n', 24), fixedBytes('c')];
    expect(foreign([1, 99, ...rest])).toBe('KIND_UNKNOWN@0');
    expect(foreign([9, 1, ...rest])).toBe('VERSION_UNSUPPORTED@0');
  });
});
