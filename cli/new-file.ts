import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CliError } from './cli-error.ts';
import { exists, syncFolder } from './data-dir.ts';

const bufferBytes: number = 256 * 1024;

/**
 * Makes a file that only its owner can read: it is there whole and durable, or not at all.
 * @param fill - writes it piece by piece
 * @throws CliError when there is such a file already
 */
export async function makeFile<T>(
  path: string,
  fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  const target = resolve(path);
  if (await exists(target)) throw taken(target);
  const partial = `${target}.${process.pid}.partial`;
  const file = await open(partial, 'wx', 0o600);
  try {
    const buffer = new WriteBuffer(file);
    const result = await fill((bytes) => buffer.write(bytes));
    await buffer.flush();
    await file.sync();
    // A name that somebody else took meanwhile is theirs.
    await link(partial, target).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? taken(target) : error;
    });
    return result;
  } finally {
    await file.close();
    await rm(partial, { force: true });
    await syncFolder(dirname(target));
  }
}

function taken(path: string): CliError {
  return new CliError('usage', `${path} is there already`);
}

/** Writes many small pieces as few large ones. */
class WriteBuffer {
  readonly #file: FileHandle;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= bufferBytes) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#bytes > 0) await this.#file.appendFile(Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#bytes = 0;
  }
}
