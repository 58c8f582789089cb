import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartyConnection } from './service-identity.ts';

/** What a service keeps: secret, all of it. */
export type KeptService = {
  /** Seed of its account's key, base64url; absent before the first time. */
  readonly account?: string;
  readonly connections: readonly PartyConnection[];
};

/** Where a service keeps its keys and connections. What a promise says is kept survives a crash. */
export type ServiceStore = {
  load(): Promise<KeptService>;
  saveAccount(seed: string): Promise<void>;
  /** Keeps a connection, in place of what was kept of it. */
  save(connection: PartyConnection): Promise<void>;
  /** Forgets the connection of this id. */
  remove(connection: string): Promise<void>;
};

/** A store in a folder: a file for each connection, readable by its user only, in clear. */
export function folderStore(path: string): ServiceStore {
  const accountFile = join(path, 'account.json');
  const connections = join(path, 'connections');
  const fileOf = (id: string): string => join(connections, `${id}.json`);
  return {
    load: async () => {
      const names = await readdir(connections).catch(absent<string[]>([]));
      const files = names.filter((name) => name.endsWith('.json'));
      const texts = await Promise.all(
        files.map((name) => readFile(join(connections, name), 'utf8')),
      );
      const account = await readFile(accountFile, 'utf8').catch(absent(undefined));
      return {
        ...(account === undefined ? {} : { account: (JSON.parse(account) as Account).seed }),
        connections: texts.map((text) => JSON.parse(text) as PartyConnection),
      };
    },
    saveAccount: (seed) => writeSafely(path, accountFile, { seed } satisfies Account),
    save: (connection) =>
      writeSafely(connections, fileOf(connection.invite.connection), connection),
    remove: (id) => rm(fileOf(id), { force: true }),
  };
}

/** A store that lasts as long as the process. */
export function memoryStore(): ServiceStore {
  const connections = new Map<string, PartyConnection>();
  let account: string | undefined;
  return {
    load: async () => ({
      ...(account === undefined ? {} : { account }),
      connections: [...connections.values()],
    }),
    saveAccount: async (seed) => {
      account = seed;
    },
    save: async (connection) => {
      connections.set(connection.invite.connection, connection);
    },
    remove: async (id) => {
      connections.delete(id);
    },
  };
}

type Account = { readonly seed: string };

function absent<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}

/** The file is there whole, or as it was. */
async function writeSafely(folder: string, path: string, value: unknown): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
}
