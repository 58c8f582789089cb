import { Packr, Unpackr } from 'msgpackr';

/** Largest frame body, in bytes, in either direction. */
const frameBytesMax = 1 << 20;

// Named first: the library's own types leave some of these out.
const packing = {
  useRecords: false,
  variableMapSize: true,
  moreTypes: false,
  skipValues: [undefined],
};
const packr = new Packr(packing);
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/** A frame: a msgpack map with its `kind`. */
export type Frame = { readonly kind: string; readonly [member: string]: unknown };

/**
 * Bytes of one frame: u32 big-endian length of the body, then the body.
 * @throws RangeError when the body is larger than `frameBytesMax`
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const body = packr.pack(frame);
  if (body.length > frameBytesMax) throw new RangeError(`frame of ${body.length} bytes`);
  const bytes = Buffer.allocUnsafe(4 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.set(body, 4);
  return bytes;
}

/**
 * Takes chunks of a stream as they come and calls `onFrame` for every whole frame in them.
 * The function it gives throws when a frame is empty, too large or no map with a `kind`.
 */
export function createFrameReader(onFrame: (frame: Frame) => void): (chunk: Uint8Array) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= 4) {
      const size = held.readUInt32BE(at);
      if (size === 0 || size > frameBytesMax) throw new RangeError(`frame of ${size} bytes`);
      if (held.length - at - 4 < size) break;
      const body = held.subarray(at + 4, at + 4 + size);
      at += 4 + size;
      onFrame(parseFrame(body));
    }
    held = held.subarray(at);
  };
}

function parseFrame(body: Uint8Array): Frame {
  const value: unknown = unpackr.unpack(body);
  if (typeof value !== 'object' || value === null || !('kind' in value)) {
    throw new TypeError('a frame is a map with a kind');
  }
  if (typeof value.kind !== 'string') throw new TypeError('the kind of a frame is text');
  return { ...value, kind: value.kind };
}
