import { createHash } from 'node:crypto';
import { type ExportFrame, encodePayload, exportMagic, frameKinds } from './export-format.ts';

/**
 * Makes the bytes of an export file, frame by frame. The caller gives the frames in their order, each
 * name once and ascending: what a reader would refuse is not checked here.
 */
export class ExportWriter {
  readonly #digest = createHash('sha256');

  /** First bytes of the file. */
  begin(): Uint8Array {
    this.#digest.update(exportMagic);
    return exportMagic;
  }

  /**
   * Bytes of the next frame.
   * @throws RangeError when its payload is larger than any reader takes
   */
  frame(frame: ExportFrame): Uint8Array {
    const { letter, bytesMax } = frameKinds[frame.type];
    const digest = frame.type === 'end' ? this.#digest.copy().digest() : noDigest;
    const payload = encodePayload(frame, digest);
    if (payload.length > bytesMax)
      throw new RangeError(`a ${frame.type} of ${payload.length} bytes in an export`);
    const bytes = new Uint8Array(5 + payload.length);
    new DataView(bytes.buffer).setUint32(0, 1 + payload.length);
    bytes[4] = letter;
    bytes.set(payload, 5);
    this.#digest.update(bytes);
    return bytes;
  }
}

const noDigest = new Uint8Array(0);
