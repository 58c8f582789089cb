import { chmod, lstat, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareVersions, readVersion } from './nats-version.ts';

const prefix = 'nats-server-v';
const staging = '.staging-';
const stagingLifeMs = 3_600_000;

/**
 * Folders that may hold fetched programs, best first: `$CAMBIUM_CACHE` alone when it is set, else
 * the user's cache folder, then a private folder for those whose home cannot be written.
 */
export function cacheFolders(env: NodeJS.ProcessEnv): string[] {
  const { CAMBIUM_CACHE, XDG_CACHE_HOME, HOME } = env;
  if (CAMBIUM_CACHE) return [CAMBIUM_CACHE];
  const own = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(HOME || homedir(), '.cache');
  return [join(own, 'cambium'), join(tmpdir(), `cambium-${process.getuid?.() ?? 0}`)];
}

/**
 * Programs in a cache folder, newest version first, by their names alone.
 * @throws Error when the folder is one that others could have put a program into
 */
export async function cachedBinaries(folder: string): Promise<string[]> {
  if (!(await exists(folder))) return [];
  await assertPrivate(folder);
  return (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .sort((a, b) => compareVersions(b, a))
    .map((version) => join(folder, prefix + version));
}

/**
 * First of `folders` that this user can write and no one else can; made if absent, mode 0700.
 * @throws Error with each folder's own reason when there is none
 */
export async function writableFolder(folders: readonly string[]): Promise<string> {
  const reasons: string[] = [];
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await assertPrivate(folder);
      await rm(await mkdtemp(join(folder, staging)), { recursive: true });
      return folder;
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new Error(`no cache folder can be written: ${reasons.join('; ')}`);
}

/**
 * Puts a program into a cache folder, whole or not at all; processes that do so at once do no harm.
 * @param produce - makes the program inside the empty folder it is given, and names the file
 * @returns the program's path, under the version that it says it has
 * @throws Error when it cannot be made or does not run
 */
export async function install(
  folder: string,
  produce: (emptyFolder: string) => Promise<string>,
): Promise<string> {
  await dropAbandoned(folder);
  const work = await mkdtemp(join(folder, staging));
  try {
    const made = await produce(work);
    await chmod(made, 0o755);
    const target = join(folder, prefix + (await readVersion(made)));
    await rename(made, target);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

// A program in this folder will be run, so nobody else may write here: names in a shared temporary folder are guessable.
async function assertPrivate(folder: string): Promise<void> {
  const found = await lstat(folder);
  const user = process.getuid?.();
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
  if (user !== undefined && found.uid !== user)
    throw new Error(`${folder} belongs to another user`);
  if ((found.mode & 0o022) !== 0) throw new Error(`${folder} can be written by other users`);
}

async function dropAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(staging)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < stagingLifeMs) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
