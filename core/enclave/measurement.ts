import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * SHA-384 over the image that runs: the built program, handler manifests, lock file and this Node
 * binary, as sorted lines of path and digest. Any change of the program changes it.
 * @param root - folder that holds `dist/`, `handlers/` and the lock file
 * @returns 96 hex digits
 */
export async function measureImage(root: string): Promise<string> {
  const files = [
    ...(await filesUnder(join(root, 'dist'), /\.js$/)),
    ...(await filesUnder(join(root, 'handlers'), /^handler\.json$/)),
    ...(await filesUnder(root, /^package-lock\.json$/, false)),
  ].sort();
  const image = createHash('sha384');
  for (const file of files) image.update(`${relative(root, file)} ${await digestOf(file)}\n`);
  image.update(`node ${process.version} ${await digestOf(process.execPath)}\n`);
  return image.digest('hex');
}

async function filesUnder(folder: string, name: RegExp, deep = true): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const out: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && deep) out.push(...(await filesUnder(path, name)));
    else if (entry.isFile() && name.test(entry.name)) out.push(path);
  }
  return out;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha384');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
