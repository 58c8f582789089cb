import { concat, utf8 } from '../../wire/bytes.ts';
import { encode } from '../../wire/msgpack.ts';

/*
 * msgpack by hand, for what no writer writes. An honest event is a fixmap whose last member is `payload`.
 */

/** A member of a map: its key in the shortest form, and the bytes of its value. */
export function member(key: string, value: Uint8Array): Uint8Array {
  return concat(encode(key), value);
}

/** An honest event's bytes with more members behind it: they may be anything. */
export function withMembers(event: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array {
  return concat(Uint8Array.of((event[0] ?? 0x80) + more.length), event.subarray(1), ...more);
}

/** An honest event's bytes with another payload. */
export function withPayload(event: Uint8Array, payload: Uint8Array): Uint8Array {
  const key = encode('payload');
  const at = lastIndexOf(event, key);
  return concat(event.subarray(0, at + key.length), payload);
}

/** Text with a head of one, two or four length bytes, whatever would do. */
export function text(value: string | Uint8Array, lengthBytes: 1 | 2 | 4 = 1): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concat(head({ 1: 0xd9, 2: 0xda, 4: 0xdb }[lengthBytes], bytes.length, lengthBytes), bytes);
}

/** A map with a 32-bit count. */
export function wideMap(...members: readonly Uint8Array[]): Uint8Array {
  return concat(head(0xdf, members.length, 4), ...members);
}

/** An array with a 32-bit count. */
export function wideArray(...items: readonly Uint8Array[]): Uint8Array {
  return concat(head(0xdd, items.length, 4), ...items);
}

/** An unsigned integer in eight bytes. */
export function wideInteger(value: number): Uint8Array {
  return head(0xcf, value, 8);
}

/** A number as a 64-bit float. */
export function float(value: number): Uint8Array {
  const out = new DataView(new ArrayBuffer(9));
  out.setUint8(0, 0xcb);
  out.setFloat64(1, value);
  return new Uint8Array(out.buffer);
}

/** Arrays within arrays: `depth` levels around a nil. */
export function nested(depth: number): Uint8Array {
  return Uint8Array.of(...Array.from({ length: depth }, () => 0x91), 0xc0);
}

/** A tag and a big-endian number of so many bytes. */
export function head(tag: number, value: number, bytes: number): Uint8Array {
  const out = new Uint8Array(1 + bytes);
  out[0] = tag;
  for (let at = bytes, left = value; at > 0; at--, left = Math.floor(left / 0x100))
    out[at] = left % 0x100;
  return out;
}

function lastIndexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = bytes.length - part.length; at >= 0; at--)
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at;
  throw new Error('the event has no such part');
}
