import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Makes a folder that only this user can read, if it is absent. It is on disk when this resolves. */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(path));
}

/** Writes a new file that only this user can read. It is on disk when this resolves. */
export async function createFile(file: string, text: string): Promise<void> {
  await writeAndSync(file, text, 'wx');
  await syncFolder(dirname(file));
}

/**
 * Puts `text` in the place of a file. It is on disk when this resolves; a crash leaves the old file or
 * the new one, and perhaps a `.partial` beside it. Requires that nobody else writes this file.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  const partial = `${file}.partial`;
  await writeAndSync(partial, text, 'w');
  await rename(partial, file);
  await syncFolder(dirname(file));
}

async function writeAndSync(file: string, text: string, flag: 'w' | 'wx'): Promise<void> {
  const handle = await open(file, flag, 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What was made, renamed or removed in a folder is on disk when this resolves. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
