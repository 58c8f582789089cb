import { MsgpackError, type MsgpackValue } from '../msgpack.ts';

/*
 * The decoder as the specification of MessagePack reads, a table of types and one function for each, to hold
 * the fast one against: the same values, and the same faults at the same bytes.
 */

type Cursor = { readonly bytes: Uint8Array; at: number };
type Read = (cursor: Cursor, depth: number) => MsgpackValue;

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const types: ReadonlyMap<number, Read> = new Map<number, Read>([
  ...range(0x00, 0x7f, (tag) => () => tag),
  ...range(0x80, 0x8f, (tag) => (cursor, depth) => readMap(cursor, tag - 0x80, depth)),
  ...range(0x90, 0x9f, (tag) => (cursor, depth) => readArray(cursor, tag - 0x90, depth)),
  ...range(0xa0, 0xbf, (tag) => (cursor) => readText(cursor, tag - 0xa0)),
  [0xc0, () => null],
  [0xc2, () => false],
  [0xc3, () => true],
  ...sizes(0xc4, [1, 2, 4], (size) => (cursor) => take(cursor, unsigned(cursor, size)).slice()),
  [0xca, (cursor) => float(cursor, 4)],
  [0xcb, (cursor) => float(cursor, 8)],
  ...sizes(0xcc, [1, 2, 4, 8], (size) => (cursor) => unsigned(cursor, size)),
  ...sizes(0xd0, [1, 2, 4, 8], (size) => (cursor) => signed(cursor, size)),
  ...sizes(0xd9, [1, 2, 4], (size) => (cursor) => readText(cursor, unsigned(cursor, size))),
  ...sizes(0xdc, [2, 4], (size) => (cursor, depth) => {
    return readArray(cursor, unsigned(cursor, size), depth);
  }),
  ...sizes(0xde, [2, 4], (size) => (cursor, depth) => {
    return readMap(cursor, unsigned(cursor, size), depth);
  }),
  ...range(0xe0, 0xff, (tag) => () => tag - 0x100),
]);

/** What `decode` must give, or throw. */
export function referenceDecode(bytes: Uint8Array, depth = 32): MsgpackValue {
  const cursor = { bytes: new Uint8Array(bytes), at: 0 };
  const value = readValue(cursor, depth);
  if (cursor.at < bytes.length) throw new MsgpackError('trailing bytes', cursor.at);
  return value;
}

function readValue(cursor: Cursor, depth: number): MsgpackValue {
  const start = cursor.at;
  if (depth < 0) throw new MsgpackError('nested too deep', start);
  const tag = unsigned(cursor, 1);
  const read = types.get(tag);
  if (read === undefined) throw new MsgpackError(`type 0x${tag.toString(16)} is not taken`, start);
  return read(cursor, depth);
}

function take(cursor: Cursor, length: number): Uint8Array {
  const { bytes, at } = cursor;
  if (length > bytes.length - at) throw new MsgpackError('cut short', at);
  cursor.at = at + length;
  return bytes.subarray(at, at + length);
}

function unsigned(cursor: Cursor, size: number): number {
  const { at } = cursor;
  return safe(bigEndian(take(cursor, size)), at);
}

function signed(cursor: Cursor, size: number): number {
  const { at } = cursor;
  return safe(BigInt.asIntN(size * 8, bigEndian(take(cursor, size))), at);
}

function bigEndian(bytes: Uint8Array): bigint {
  return bytes.reduce((sofar, byte) => sofar * 256n + BigInt(byte), 0n);
}

function safe(value: bigint, at: number): number {
  if (!Number.isSafeInteger(Number(value))) throw new MsgpackError('integer too large', at);
  return Number(value);
}

function float(cursor: Cursor, size: 4 | 8): number {
  const { at } = cursor;
  const bytes = take(cursor, size).slice();
  const view = new DataView(bytes.buffer);
  const value = size === 4 ? view.getFloat32(0) : view.getFloat64(0);
  if (!Number.isFinite(value)) throw new MsgpackError('number is not finite', at);
  return Object.is(value, -0) ? 0 : value;
}

function readText(cursor: Cursor, length: number): string {
  const { at } = cursor;
  const bytes = take(cursor, length);
  try {
    return text.decode(bytes);
  } catch {
    throw new MsgpackError('text is not UTF-8', at);
  }
}

function readArray(cursor: Cursor, length: number, depth: number): MsgpackValue[] {
  expectRoom(cursor, length);
  return Array.from({ length }, () => readValue(cursor, depth - 1));
}

function readMap(cursor: Cursor, length: number, depth: number): MsgpackValue {
  expectRoom(cursor, length * 2);
  const members = new Map<string, MsgpackValue>();
  for (let count = 0; count < length; count++) {
    const { at } = cursor;
    const key = readValue(cursor, depth - 1);
    if (typeof key !== 'string') throw new MsgpackError('map key is not text', at);
    if (key === '__proto__') throw new MsgpackError('map key is not taken', at);
    if (members.has(key)) throw new MsgpackError('map key stands twice', at);
    members.set(key, readValue(cursor, depth - 1));
  }
  return Object.fromEntries(members);
}

function expectRoom({ bytes, at }: Cursor, items: number): void {
  if (items > bytes.length - at) throw new MsgpackError('cut short', at);
}

function range(first: number, last: number, read: (tag: number) => Read): [number, Read][] {
  return Array.from({ length: last - first + 1 }, (_, at) => [first + at, read(first + at)]);
}

function sizes(first: number, all: readonly number[], read: (size: number) => Read) {
  return all.map((size, at): [number, Read] => [first + at, read(size)]);
}
