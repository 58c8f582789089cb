import { resolve } from 'node:path';
import { cachedBinaries, cacheFolders, install, writableFolder } from './nats-cache.ts';
import { fetchFromDebian } from './nats-debian.ts';
import { type NatsAttempt, NatsServerMissingError, type NatsSource } from './nats-missing-error.ts';
import { fetchRelease, releaseArchive } from './nats-release.ts';
import { judgeVersion, oldestVersion, readVersion, wantedVersion } from './nats-version.ts';
import { findOnPath } from './process-tools.ts';

/** A `nats-server` program that runs and is new enough. */
export type NatsBinary = {
  readonly path: string;
  readonly version: string;
  readonly source: NatsSource;
  readonly warnings: readonly string[];
  /** Every place tried, the successful one last. */
  readonly tried: readonly NatsAttempt[];
};

/** How to look for it. */
export type FindOptions = {
  /** Whether it may be fetched over the network; true by default. */
  readonly fetch?: boolean;
  /** Called with a line for a person before each step that takes time. */
  readonly onProgress?: (line: string) => void;
  /** Instead of `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
};

type Search = {
  readonly env: NodeJS.ProcessEnv;
  readonly tried: NatsAttempt[];
  readonly say: (line: string) => void;
};

/**
 * Finds `nats-server`: the program that `CAMBIUM_NATS_SERVER` names, the one on `PATH`, one fetched
 * earlier, the nats-io project's release (by pinned SHA-256), Debian testing (by the archive's
 * signature). What is fetched is kept in the cache folder.
 * @throws NatsServerMissingError with every place tried and why it did not serve
 */
export async function findNatsServer(options: FindOptions = {}): Promise<NatsBinary> {
  const { env = process.env, onProgress: say = () => undefined, fetch = true } = options;
  const search: Search = { env, tried: [], say };
  const named = await fromEnvironment(search);
  if (named !== undefined) return named;
  const present = (await fromPath(search)) ?? (await fromCache(search));
  if (present !== undefined) return present;
  const fetched = fetch ? ((await fromRelease(search)) ?? (await fromDebian(search))) : undefined;
  if (fetched !== undefined) return fetched;
  if (!fetch) note(search, 'release', 'not tried: fetching is switched off');
  throw new NatsServerMissingError('NOT_FOUND', search.tried);
}

async function fromEnvironment(search: Search): Promise<NatsBinary | undefined> {
  const { CAMBIUM_NATS_SERVER: given } = search.env;
  if (!given) return note(search, 'environment', 'CAMBIUM_NATS_SERVER is not set');
  const named = resolve(given);
  const version = await readVersion(named).catch((error: Error) => {
    note(search, 'environment', `${named}: ${error.message}`);
  });
  if (version === undefined) {
    throw new NatsServerMissingError('ENVIRONMENT_UNUSABLE', search.tried);
  }
  const found = judge(search, 'environment', named, version);
  if (found === undefined) throw new NatsServerMissingError('ENVIRONMENT_TOO_OLD', search.tried);
  return found;
}

async function fromPath(search: Search): Promise<NatsBinary | undefined> {
  const { PATH } = search.env;
  const found = await findOnPath('nats-server', PATH);
  if (found === undefined) return note(search, 'path', 'there is none on PATH');
  return inspect(search, 'path', found);
}

async function fromCache(search: Search): Promise<NatsBinary | undefined> {
  for (const folder of cacheFolders(search.env)) {
    const binaries = await cachedBinaries(folder).catch((error: Error) => {
      note(search, 'cache', error.message);
    });
    if (binaries?.length === 0) note(search, 'cache', `there is none in ${folder}`);
    for (const binary of binaries ?? []) {
      const found = await inspect(search, 'cache', binary);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

async function fromRelease(search: Search): Promise<NatsBinary | undefined> {
  const { platform, arch } = process;
  const archive = releaseArchive(platform, arch);
  if (archive === undefined) {
    return note(search, 'release', `not tried: no SHA-256 is pinned for ${platform}-${arch}`);
  }
  search.say(`fetching nats-server from ${archive.url}`);
  return fetched(search, 'release', (folder) => fetchRelease(archive, folder, search.env));
}

async function fromDebian(search: Search): Promise<NatsBinary | undefined> {
  search.say('fetching nats-server from Debian testing');
  return fetched(search, 'debian', (folder) => fetchFromDebian(folder, search.env));
}

async function fetched(
  search: Search,
  source: NatsSource,
  produce: (folder: string) => Promise<string>,
): Promise<NatsBinary | undefined> {
  try {
    const folder = await writableFolder(cacheFolders(search.env));
    return await inspect(search, source, await install(folder, produce));
  } catch (error) {
    const { message } = error as Error;
    search.say(`${source}: ${message}`);
    return note(search, source, message);
  }
}

async function inspect(
  search: Search,
  source: NatsSource,
  path: string,
): Promise<NatsBinary | undefined> {
  try {
    return judge(search, source, path, await readVersion(path));
  } catch (error) {
    return note(search, source, `${path}: ${(error as Error).message}`);
  }
}

function judge(
  search: Search,
  source: NatsSource,
  path: string,
  version: string,
): NatsBinary | undefined {
  const verdict = judgeVersion(version);
  const what = `${path} is ${version}`;
  if (verdict === 'refused') return note(search, source, `${what}, older than ${oldestVersion}`);
  note(search, source, what);
  const warning = `nats-server ${what}: versions before ${wantedVersion} have known vulnerabilities`;
  const warnings = verdict === 'outdated' ? [warning] : [];
  return { path, version, source, warnings, tried: search.tried };
}

function note(search: Search, source: NatsSource, result: string): undefined {
  search.tried.push({ source, result });
}
