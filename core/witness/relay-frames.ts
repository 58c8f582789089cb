/*
 * What the vault and its relay say to one another, over the relay's standard input and output: frames of
 * a u32 length (big-endian) and a JSON document. The relay talks to the network, so whatever it says is
 * attacker-controlled. This file stands alone: it is all that the relay loads besides itself.
 */

/** Largest document of one frame, in bytes. A note in JSON is hardly longer than the note. */
export const frameBytesMax: number = 1 << 20;

/** A request for the relay: one POST. */
export type RelayRequest = {
  readonly id: number;
  readonly url: string;
  readonly body: string;
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
};

/** What came of it. */
export type RelayAnswer =
  | { readonly id: number; readonly status: number; readonly type: string; readonly body: string }
  | { readonly id: number; readonly error: string };

/**
 * Bytes of one frame.
 * @throws RangeError when the document is larger than `frameBytesMax`
 */
export function encodeFrame(document: RelayRequest | RelayAnswer): Uint8Array {
  const body = Buffer.from(JSON.stringify(document));
  if (body.length > frameBytesMax) throw new RangeError(`frame of ${body.length} bytes`);
  const size = Buffer.allocUnsafe(4);
  size.writeUInt32BE(body.length, 0);
  return Buffer.concat([size, body]);
}

/**
 * Takes chunks as they come and calls `onDocument` for every whole frame. Holds at most one frame. The
 * function it gives throws when a frame is empty, larger than `frameBytesMax` or no JSON.
 */
export function createFrameReader(
  onDocument: (document: unknown) => void,
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
      onDocument(JSON.parse(body.toString('utf8')));
    }
    held = held.subarray(at);
  };
}

/** The answer in a document; `undefined` when it is none. */
export function parseRelayAnswer(document: unknown): RelayAnswer | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { id, error, status, type, body } = document as Record<string, unknown>;
  if (!Number.isSafeInteger(id)) return undefined;
  if (typeof error === 'string') return { id: id as number, error };
  if (!Number.isInteger(status) || typeof type !== 'string' || typeof body !== 'string')
    return undefined;
  return { id: id as number, status: status as number, type, body };
}
