import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
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
  for (const file of files) {
    const digest = hash('sha384', await readFile(file), 'hex');
    image.update(`${relative(root, file)} ${digest}\n`);
  }
  image.update(`node ${process.version} ${await interpreterDigest()}\n`);
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

let interpreter: { readonly file: string; readonly digest: string } | undefined;

/** Of the Node binary, 100 MB: hashed again only when it is another file, or was touched, since this process hashed it. */
async function interpreterDigest(): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(process.execPath, { bigint: true });
  const file = [dev, ino, size, mtimeNs, ctimeNs].join();
  if (interpreter?.file === file) return interpreter.digest;
  const state = createHash('sha384');
  await pipeline(createReadStream(process.execPath, { highWaterMark: 1024 * 1024 }), state);
  interpreter = { file, digest: state.digest('hex') };
  return interpreter.digest;
}
