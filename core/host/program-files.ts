import { createHash } from 'node:crypto';
import { access, constants, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { HandlerError } from './handler-error.ts';

/** Where a handler's program lies and what it may read. All paths are absolute and real. */
export type HandlerProgram = {
  /** Program and arguments; the first is this runtime for a `node` handler. */
  readonly command: readonly [string, ...string[]];
  /** The program's own folder, where it runs. */
  readonly folder: string;
  /** The SDK's folder beside it, where there is one. */
  readonly sdk: string | undefined;
  /** Files and folders that it may read: its own, the SDK's and what they import. */
  readonly readable: readonly string[];
};

const digestDomain = 'cambium handler v1';

/**
 * The program that a manifest starts.
 * @param manifestFolder - the folder of `handler.json`, to which the paths in `start` are relative
 * @throws HandlerError PROGRAM_MISSING
 */
export async function findProgram(
  manifestFolder: string,
  start: readonly [string, ...string[]],
): Promise<HandlerProgram> {
  const [first, ...rest] = start;
  const isNode = first === 'node';
  const named = isNode ? rest[0] : first;
  const mode = isNode ? constants.R_OK : constants.X_OK;
  const file = await realFile(manifestFolder, named ?? '', mode);
  const folder = dirname(file);
  const sdk = await realFolder(join(folder, '..', 'sdk'));
  return {
    command: isNode ? [process.execPath, file, ...rest.slice(1)] : [file, ...rest],
    folder,
    sdk,
    readable: [folder, ...(sdk === undefined ? [] : [sdk]), ...(await imported(folder))],
  };
}

/**
 * SHA-256 (hex) over the manifest and every file of the program's and the SDK's folder but type
 * declarations, each with its name and length, in the order of their relative paths.
 */
export async function programDigest(
  manifest: Uint8Array,
  program: HandlerProgram,
): Promise<string> {
  const hash = createHash('sha256').update(digestDomain);
  const add = (name: string, bytes: Uint8Array): void => {
    hash.update(`\n${Buffer.byteLength(name)} ${name} ${bytes.length}\n`).update(bytes);
  };
  add('handler.json', manifest);
  const folders: [string, string | undefined][] = [
    ['handler', program.folder],
    ['sdk', program.sdk],
  ];
  for (const [label, folder] of folders) {
    if (folder === undefined) continue;
    for (const name of await filesBelow(folder)) {
      add(`${label}/${name}`, await readFile(join(folder, name)));
    }
  }
  return hash.digest('hex');
}

async function realFile(manifestFolder: string, named: string, mode: number): Promise<string> {
  const file = resolve(manifestFolder, named);
  try {
    await access(file, mode);
    if ((await stat(file)).isFile()) return await realpath(file);
  } catch (cause) {
    const message = `there is no program at ${file}; has it been built?`;
    throw new HandlerError('PROGRAM_MISSING', message, manifestFolder, cause);
  }
  throw new HandlerError('PROGRAM_MISSING', `${file} is not a file`, manifestFolder);
}

async function realFolder(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? await realpath(path) : undefined;
  } catch {
    return undefined;
  }
}

/** Nearest `package.json` (it says that files are modules) and `msgpackr`, as Node finds them. */
async function imported(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['package.json', join('node_modules', 'msgpackr')]) {
    for (let at = folder; ; at = dirname(at)) {
      const path = join(at, name);
      const real = await realpath(path).catch(() => undefined);
      if (real !== undefined) found.push(...new Set([path, real]));
      if (real !== undefined || dirname(at) === at) break;
    }
  }
  return found;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
