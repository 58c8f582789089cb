import { Packr, RESET_BUFFER_MODE } from 'msgpackr';
import { concat } from './bytes.ts';
import { checkEncodable } from './encodable.ts';

/** Bytes that are not the one value we take from others; the message says where and why. */
export class MsgpackError extends Error {
  override readonly name = 'MsgpackError';
  /** Offset of the fault, in bytes. */
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`${problem} at byte ${offset}`);
    this.offset = offset;
  }
}

/** What `decode` gives: maps are plain objects, binary is `Uint8Array`. */
export type MsgpackValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly MsgpackValue[]
  | MsgpackMap;
/** A decoded map. */
export type MsgpackMap = { readonly [key: string]: MsgpackValue };

// A map with a member called `toJSON` or `constructor` is a map like any other.
const packing = {
  useRecords: false,
  variableMapSize: true,
  moreTypes: false,
  useToJSON: false,
  skipValues: [undefined],
};
const packr = new Packr(packing);
/** How deep values may nest, in either direction: a value that stands alone has depth 0. */
const depthMax = 32;

/**
 * Bytes of a value of maps, arrays, strings, numbers, booleans, null and `Uint8Array`, in an array of
 * its own. Members that are `undefined` are left out. Integers of more than 32 bits must be `bigint`,
 * or they become floats.
 * @throws TypeError for all that `decode` would not take back: other objects, `undefined` in an array,
 * numbers that are not finite, integers beyond 2^53 - 1, half surrogates, nesting above 32
 */
export function encode(value: unknown): Uint8Array {
  return new Uint8Array(encodeShared(value));
}

/**
 * `encode` into memory that the next call of any encoder here writes over: for whoever copies the bytes
 * at once.
 * @throws TypeError as `encode`
 */
export function encodeShared(value: unknown): Uint8Array {
  checkEncodable(value, depthMax);
  return packr.pack(value, RESET_BUFFER_MODE);
}

/**
 * `encode` of an array that has the binary made of `parts` as one more item at its end: each part is copied once.
 * @param items - at most 14
 * @throws TypeError as `encode`
 */
export function encodeEndingIn(
  items: readonly unknown[],
  parts: readonly Uint8Array[],
): Uint8Array {
  if (items.length > 14) throw new TypeError(`not encodable: an array of ${items.length} and one`);
  const start = encodeShared(items);
  let length = 0;
  for (const part of parts) length += part.length;
  const out = concat(start, binaryHeader(length), ...parts);
  out[0] = 0x91 + items.length;
  return out;
}

/** What stands before binary of so many bytes (up to 2^32 - 1), as `encode` writes it. */
export function binaryHeader(length: number): Uint8Array {
  if (length < 0x100) return Uint8Array.of(0xc4, length);
  if (length < 0x10000) return Uint8Array.of(0xc5, length >> 8, length);
  return Uint8Array.of(0xc6, length >>> 24, length >> 16, length >> 8, length);
}

/**
 * `encode` of the value with the members of every map in the order of their UTF-16 units.
 * @throws TypeError as `encode`
 */
export function encodeCanonical(value: unknown): Uint8Array {
  checkEncodable(value, depthMax);
  return new Uint8Array(packr.pack(sorted(value), RESET_BUFFER_MODE));
}

/**
 * The one value that `bytes` hold. Attacker-controlled input: refuses duplicate keys, keys that are
 * not strings, extensions, integers beyond 2^53 - 1, numbers that are not finite, bad UTF-8, trailing
 * bytes and deep nesting. The value shares no memory with `bytes`.
 * @param depth - how deep it may nest; less where the value is to stand inside another one later
 * @throws MsgpackError
 */
export function decode(bytes: Uint8Array, depth: number = depthMax): MsgpackValue {
  return whole(new Reader(bytes, copyOf), depth);
}

/**
 * `decode`, except that binary shares memory with `bytes`: for whoever hashes or parses the parts, and
 * lets go of them.
 * @throws MsgpackError as `decode`
 */
export function decodeShared(bytes: Uint8Array, depth: number = depthMax): MsgpackValue {
  return whole(new Reader(bytes, partOf), depth);
}

function whole(reader: Reader, depth: number): MsgpackValue {
  const value = reader.value(depth);
  if (reader.at !== reader.end) throw new MsgpackError('trailing bytes', reader.at);
  return value;
}

/** An epoch time or another integer that may exceed 32 bits, so that it is not written as a float. */
export function integer(value: number): bigint {
  return BigInt(value);
}

/** A `Map` keeps the order it is filled in; an object would put keys such as `10` first, by number. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  const out = new Map<string, unknown>();
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) out.set(key, sorted(member));
  }
  return out;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of up to so many bytes is put together by hand: calling the decoder costs more. */
const shortText = 8;

class Reader {
  at = 0;
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #binary: (bytes: Uint8Array, start: number, end: number) => Uint8Array;

  constructor(
    bytes: Uint8Array,
    binary: (bytes: Uint8Array, start: number, end: number) => Uint8Array,
  ) {
    this.end = bytes.length;
    this.#bytes = bytes;
    this.#binary = binary;
  }

  /** The next value, which may hold `depth` more levels. */
  value(depth: number): MsgpackValue {
    if (depth < 0) throw new MsgpackError('nested too deep', this.at);
    const start = this.#skip(1);
    const tag = this.#bytes[start] ?? 0;
    if (tag <= 0x7f) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag <= 0x8f) return this.#map(tag & 0x0f, depth);
    if (tag <= 0x9f) return this.#array(tag & 0x0f, depth);
    if (tag <= 0xbf) return this.#string(tag & 0x1f);
    return this.#tagged(tag, start, depth);
  }

  #tagged(tag: number, start: number, depth: number): MsgpackValue {
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return tag === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6: {
        const at = this.#skip(this.#uint(1 << (tag - 0xc4)));
        return this.#binary(this.#bytes, at, this.at);
      }
      case 0xca:
      case 0xcb:
        return this.#float(tag === 0xca ? 4 : 8);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#uint(1 << (tag - 0xcc));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#int(1 << (tag - 0xd0));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#uint(1 << (tag - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(tag === 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(tag === 0xde ? 2 : 4), depth);
      default:
        throw new MsgpackError(`type 0x${tag.toString(16)} is not taken`, start);
    }
  }

  /** Goes over `length` bytes; gives where they begin. */
  #skip(length: number): number {
    const { at } = this;
    if (at + length > this.end) throw new MsgpackError('cut short', at);
    this.at = at + length;
    return at;
  }

  #uint(size: number): number {
    const at = this.#skip(size);
    let value = 0;
    // A sum above 2^53 is rounded to a number above 2^53, so it is refused all the same.
    for (let i = at; i < this.at; i++) value = value * 0x100 + (this.#bytes[i] ?? 0);
    return safe(value, at);
  }

  #int(size: number): number {
    const at = this.#skip(size);
    const first = this.#bytes[at] ?? 0;
    let value = first < 0x80 ? first : first - 0x100;
    for (let i = at + 1; i < this.at; i++) value = value * 0x100 + (this.#bytes[i] ?? 0);
    return safe(value, at);
  }

  #float(size: number): number {
    const at = this.#skip(size);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, size);
    const value = size === 4 ? view.getFloat32(0) : view.getFloat64(0);
    if (!Number.isFinite(value)) throw new MsgpackError('number is not finite', at);
    return value === 0 ? 0 : value;
  }

  #string(length: number): string {
    const at = this.#skip(length);
    if (length <= shortText) {
      const ascii = asciiText(this.#bytes, at, this.at);
      if (ascii !== undefined) return ascii;
    }
    try {
      return decoder.decode(this.#bytes.subarray(at, this.at));
    } catch {
      throw new MsgpackError('text is not UTF-8', at);
    }
  }

  #array(length: number, depth: number): MsgpackValue[] {
    this.#expectRoom(length);
    const out: MsgpackValue[] = [];
    for (let i = 0; i < length; i++) out.push(this.value(depth - 1));
    return out;
  }

  #map(length: number, depth: number): MsgpackMap {
    this.#expectRoom(length * 2);
    const out: Record<string, MsgpackValue> = {};
    for (let i = 0; i < length; i++) {
      const at = this.at;
      const key = this.value(depth - 1);
      if (typeof key !== 'string') throw new MsgpackError('map key is not text', at);
      if (key === '__proto__') throw new MsgpackError('map key is not taken', at);
      if (Object.hasOwn(out, key)) throw new MsgpackError('map key stands twice', at);
      out[key] = this.value(depth - 1);
    }
    return out;
  }

  /** Each item takes a byte at least, so a huge count in a small message is refused unread. */
  #expectRoom(items: number): void {
    if (items > this.end - this.at) throw new MsgpackError('cut short', this.at);
  }
}

/** Not `slice`: that of a Buffer is a view of the same memory. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

/** Nor `subarray`: that of a Buffer is one. */
function partOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

function safe(value: number, at: number): number {
  if (!Number.isSafeInteger(value)) throw new MsgpackError('integer too large', at);
  return value;
}

function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let out = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0xff;
    if (byte > 0x7f) return undefined;
    out += String.fromCharCode(byte);
  }
  return out;
}
