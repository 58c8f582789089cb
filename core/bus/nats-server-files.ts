import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isAlive } from './process-tools.ts';

/** Addresses from a server's ports file. */
export type ServerPorts = {
  readonly nats: string;
  readonly websocket?: string;
};

const logFile = 'server.log';
const logFileBytes = 1024 * 1024;

/**
 * Writes a complete configuration under a name of this start's own: two starts in one folder must
 * not exchange configurations while only one of them can get the lock.
 *
 * The server logs into a file, two at most. On a pipe, which breaks when its reader is killed, the
 * next line it logs would kill it too, in the middle of closing its store (a Go program dies of
 * SIGPIPE on its standard error, whether or not that signal is ignored).
 * @param dir - absolute; existing
 * @returns the file, mode 0600
 */
export async function writeConfig(dir: string, name: string, config: string): Promise<string> {
  await dropStale(dir);
  const file = join(dir, `server-${process.pid}-${randomBytes(4).toString('hex')}.conf`);
  const own = [
    `server_name: ${JSON.stringify(name)}`,
    'host: "127.0.0.1"',
    'port: -1',
    `ports_file_dir: ${JSON.stringify(dir)}`,
    `log_file: ${JSON.stringify(join(dir, logFile))}`,
    `logfile_size_limit: ${logFileBytes}`,
    'logfile_max_num: 2',
  ];
  await writeFile(file, `${own.join('\n')}\n${config}\n`, { mode: 0o600, flag: 'wx' });
  return file;
}

/** Gives the configuration of the server that came up its plain name, `server.conf`. */
export async function publishConfig(file: string, dir: string): Promise<void> {
  await rename(file, join(dir, 'server.conf'));
}

/** Removes the configuration of a start that failed. */
export async function dropConfig(file: string): Promise<void> {
  await rm(file, { force: true });
}

/**
 * What the server with this process id wrote into its ports file.
 * @returns `undefined` while there is no complete file
 */
export async function readPorts(dir: string, pid: number): Promise<ServerPorts | undefined> {
  const name = (await readdir(dir)).find((entry) => entry.endsWith(`_${pid}.ports`));
  if (name === undefined) return undefined;
  try {
    const ports = JSON.parse(await readFile(join(dir, name), 'utf8'));
    const [nats, websocket] = [ports.nats?.[0], ports.websocket?.[0]];
    if (typeof nats !== 'string') return undefined;
    return typeof websocket === 'string' ? { nats, websocket } : { nats };
  } catch {
    return undefined; // It is being written.
  }
}

/**
 * Lines that the server with this process id logged, oldest first.
 * @returns none when it never came so far as to log
 */
export async function readLog(dir: string, pid: number): Promise<string[]> {
  const text = await readFile(join(dir, logFile), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line.startsWith(`[${pid}] `));
}

/** Whether something accepts TCP connections at `url`. */
export function accepts(url: string, waitMs: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: waitMs });
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}

// Left by a start, or a server, that was killed. Process ids come round again, so an old ports file could be taken
// for the new server's; a file whose process lives may belong to another start in this folder.
async function dropStale(dir: string): Promise<void> {
  for (const entry of await readdir(dir)) {
    const pid = /^server-(\d+)-\w+\.conf$/.exec(entry)?.[1] ?? /_(\d+)\.ports$/.exec(entry)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dir, entry), { force: true });
  }
}
