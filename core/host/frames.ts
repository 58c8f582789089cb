import { decode, encode, type MsgpackMap } from '../../wire/msgpack.ts';
import { isCategory, isEntryKey, isFieldName, isPurpose } from './permissions.ts';

/*
 * The host's end of docs/spec/handler-protocol.md. What a handler sends is attacker-controlled:
 * a program may be broken, or have been talked into anything by the payload it was given.
 */

/** Largest frame body, in bytes, in either direction. */
export const frameBytesMax: number = 1 << 20;

/** Protocol versions that the host speaks, one for each major. */
export const protocols: readonly string[] = ['1.1'];

/** A frame that the host sends. */
export type HostFrame =
  | { readonly kind: 'hello'; readonly protocols: readonly string[] }
  | {
      readonly kind: 'call';
      readonly call: string;
      readonly type: string;
      readonly event: { readonly id: string; readonly time: number; readonly payload: unknown };
      readonly vault: string;
      readonly connection: string;
      readonly party: string;
    }
  | ({ readonly kind: 'answer'; readonly call: string; readonly ask: number } & AnswerMembers);

/** A value that is there or not, keys, a signature, or why there is nothing. */
export type AnswerMembers =
  | { readonly value: string | undefined }
  | { readonly keys: readonly string[] }
  | { readonly signature: Uint8Array; readonly key: Uint8Array }
  | { readonly error: string };

/** One thing a handler asks for while a call runs. */
export type AskFrame = { readonly kind: 'ask'; readonly call: string; readonly ask: number } & (
  | { readonly what: 'read'; readonly field: string }
  | { readonly what: 'sign'; readonly purpose: string; readonly bytes: Uint8Array }
  | { readonly what: 'entry'; readonly category: string; readonly key: string }
  | { readonly what: 'entries'; readonly category: string; readonly after: string }
);

/** A frame that a handler sends. */
export type HandlerFrame =
  | {
      readonly kind: 'hello';
      readonly name: string;
      readonly version: string;
      readonly protocol: string;
    }
  | AskFrame
  | {
      readonly kind: 'result';
      readonly call: string;
      readonly result: unknown;
      readonly effects: unknown;
    }
  | { readonly kind: 'error'; readonly call: string; readonly message: string };

/**
 * Bytes of one frame: u32 big-endian length of the body, then the body, a msgpack map.
 * @throws RangeError when the body is larger than `frameBytesMax`
 */
export function encodeFrame(frame: HostFrame): Uint8Array {
  const body = encode(frame);
  if (body.length > frameBytesMax) throw new RangeError(`frame of ${body.length} bytes`);
  const bytes = Buffer.allocUnsafe(4 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.set(body, 4);
  return bytes;
}

/**
 * Takes chunks of a handler's output as they come and calls `onFrame` for every whole frame.
 * Holds at most one frame. The function it gives throws when a frame is empty, larger than
 * `frameBytesMax`, or not one that a handler may send.
 */
export function createFrameReader(
  onFrame: (frame: HandlerFrame) => void,
): (chunk: Uint8Array) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= 4) {
      const size = held.readUInt32BE(at);
      if (size === 0 || size > frameBytesMax) throw new RangeError(`frame of ${size} bytes`);
      if (held.length - at - 4 < size) break;
      const body = held.subarray(at + 4, at + 4 + size);
      at += 4 + size;
      onFrame(parseHandlerFrame(body));
    }
    held = held.subarray(at);
  };
}

function parseHandlerFrame(body: Uint8Array): HandlerFrame {
  const value = decode(body);
  if (!isMap(value)) throw new TypeError('a frame is a map');
  switch (value['kind']) {
    case 'hello':
      return {
        kind: 'hello',
        name: text(value, 'name'),
        version: text(value, 'version'),
        protocol: text(value, 'protocol'),
      };
    case 'ask':
      return parseAsk(value);
    case 'result':
      if (value['result'] === undefined) throw new TypeError('result: none');
      return {
        kind: 'result',
        call: text(value, 'call'),
        result: value['result'],
        effects: value['effects'] ?? [],
      };
    case 'error':
      return { kind: 'error', call: text(value, 'call'), message: text(value, 'message') };
    default:
      throw new TypeError('a frame of unknown kind');
  }
}

function parseAsk(value: MsgpackMap): AskFrame {
  const { ask, what, field, purpose, bytes, category, key, after } = value;
  const call = text(value, 'call');
  if (typeof ask !== 'number' || !Number.isSafeInteger(ask)) throw new TypeError('ask: no number');
  if (what === 'read' && isFieldName(field)) return { kind: 'ask', call, ask, what, field };
  if (what === 'sign' && isPurpose(purpose) && bytes instanceof Uint8Array) {
    return { kind: 'ask', call, ask, what, purpose, bytes };
  }
  if (what === 'entry' && isCategory(category) && isEntryKey(key))
    return { kind: 'ask', call, ask, what, category, key };
  if (what === 'entries' && isCategory(category) && (after === '' || isEntryKey(after)))
    return { kind: 'ask', call, ask, what, category, after };
  throw new TypeError('ask: no field, no purpose and no entry');
}

function text(value: MsgpackMap, member: string): string {
  const found = value[member];
  if (typeof found !== 'string') throw new TypeError(`${member}: no text`);
  return found;
}

function isMap(value: unknown): value is MsgpackMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}
