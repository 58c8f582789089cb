/* A messaging layer that lets everybody in, and takes other sizes of messages. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsBinary } from '../../cli/servers.ts';

/** Starts it on loopback. */
export async function openServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'open-server-'));
  const config = join(folder, 'server.conf');
  const lines = ['listen: "127.0.0.1:-1"', 'max_payload: 524288', `ports_file_dir: "${folder}"`];
  await writeFile(config, `${lines.join('\n')}\n`);
  const binary = await natsBinary(() => {});
  const child = spawn(binary, ['-c', config], { stdio: 'ignore' });
  const url = await portOf(folder, child);
  const stop = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

/** The server writes where it listens into a file, as soon as it does. */
async function portOf(folder: string, child: ChildProcess): Promise<string> {
  while (child.exitCode === null) {
    const name = (await readdir(folder)).find((file) => file.endsWith('.ports'));
    const text = name === undefined ? '' : await readFile(join(folder, name), 'utf8');
    if (text !== '') return (JSON.parse(text) as { nats: string[] }).nats[0] ?? '';
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the open server ended');
}
