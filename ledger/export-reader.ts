import { createHash } from 'node:crypto';
import { equalBytes } from '../wire/bytes.ts';
import {
  compareNames,
  decodePayload,
  type ExportFrame,
  exportMagic,
  type FrameType,
  frameKinds,
  malformedExport,
} from './export-format.ts';

/** Length and type of a frame, before its payload. */
const headBytes = 5;

const types = Object.keys(frameKinds) as readonly FrameType[];
const byLetter = new Map(types.map((type) => [frameKinds[type].letter, type]));

/**
 * The frames of an export file, in order, from its bytes in any pieces. Holds one frame and one piece
 * at a time. After the last frame it makes sure that nothing follows.
 * @throws LedgerError EXPORT_MALFORMED as soon as a frame is not what has to be there
 */
export async function* readExport(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<ExportFrame, void, undefined> {
  const bytes = new ByteQueue();
  const reader = new FrameReader(bytes);
  for await (const piece of pieces) {
    bytes.add(piece);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) yield frame;
  }
  reader.finish();
}

/** Cuts frames out of the bytes that are there, and checks their order. */
class FrameReader {
  readonly #bytes: ByteQueue;
  readonly #digest = createHash('sha256');
  #begun = false;
  #type: FrameType | undefined;
  #count = 0;
  #name = '';
  /** Head of the frame whose payload is not all there yet. */
  #head:
    | { readonly bytes: Uint8Array; readonly type: FrameType; readonly length: number }
    | undefined;

  constructor(bytes: ByteQueue) {
    this.#bytes = bytes;
  }

  /** The next frame; `undefined` until all of it is there. */
  next(): ExportFrame | undefined {
    if (!this.#begun && !this.#begin()) return undefined;
    if (this.#type === 'end' && this.#head === undefined) {
      if (this.#bytes.length > 0) throw malformedExport('bytes after its end');
      return undefined;
    }
    this.#head ??= this.#takeHead();
    if (this.#head === undefined) return undefined;
    const { type, length, bytes: head } = this.#head;
    const payload = this.#bytes.take(length);
    if (payload === undefined) return undefined;
    this.#head = undefined;
    const frame = decodePayload(type, payload, () => this.#digest.copy().digest());
    this.#digest.update(head).update(payload);
    this.#expectAscending(frame);
    return frame;
  }

  /** The file has no more bytes. */
  finish(): void {
    if (this.#type !== 'end' || this.#head !== undefined) throw malformedExport('it is cut short');
  }

  #begin(): boolean {
    const magic = this.#bytes.take(exportMagic.length);
    if (magic === undefined) return false;
    if (!equalBytes(magic, exportMagic)) throw malformedExport('not a file of version 1');
    this.#digest.update(magic);
    this.#begun = true;
    return true;
  }

  #takeHead() {
    const bytes = this.#bytes.take(headBytes);
    if (bytes === undefined) return undefined;
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) - 1;
    const type = byLetter.get(bytes[4] ?? 0);
    if (type === undefined) throw malformedExport('a frame of unknown type');
    if (length < 0 || length > frameKinds[type].bytesMax)
      throw malformedExport(`a ${type} of ${length} bytes`);
    this.#expectPlace(type);
    return { bytes, type, length };
  }

  #expectPlace(type: FrameType): void {
    if (this.#type === undefined && type !== 'header') throw malformedExport('it has no header');
    if (type !== this.#type) {
      if (this.#type !== undefined && types.indexOf(type) < types.indexOf(this.#type))
        throw malformedExport(`a ${type} after a ${this.#type}`);
      this.#type = type;
      this.#count = 0;
      this.#name = '';
    }
    this.#count += 1;
    if (this.#count > frameKinds[type].countMax) throw malformedExport(`too many frames: ${type}`);
  }

  /** So no name can stand twice, and nobody has to remember them. */
  #expectAscending(frame: ExportFrame): void {
    if (frame.type !== 'key' && frame.type !== 'file') return;
    if (compareNames(frame.name, this.#name) <= 0)
      throw malformedExport(`a ${frame.type} out of order`);
    this.#name = frame.name;
  }
}

/** Bytes that came in pieces, taken in other pieces; each is copied at most once. */
class ByteQueue {
  #pieces: Uint8Array[] = [];
  /** How much of the first piece is taken. */
  #at = 0;
  length = 0;

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  /** The next `length` bytes, in memory of their own; `undefined` while they are not all there. */
  take(length: number): Uint8Array | undefined {
    if (length > this.length) return undefined;
    const out = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      const [piece = out] = this.#pieces;
      const part = piece.subarray(this.#at, this.#at + length - filled);
      out.set(part, filled);
      filled += part.length;
      this.#at += part.length;
      if (this.#at === piece.length) this.#drop();
    }
    this.length -= length;
    return out;
  }

  #drop(): void {
    this.#pieces.shift();
    this.#at = 0;
  }
}
