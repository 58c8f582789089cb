import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceConnection } from '../service/service-identity.ts';
import { CliError } from './cli-error.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';
import { pasteable } from './hint.ts';

/** Keeps a service's side of a connection: its keys in clear, as a service of your own would keep them. */
export async function saveService(
  data: DataDir,
  name: string,
  connection: ServiceConnection,
): Promise<void> {
  await mkdir(data.services, { recursive: true, mode: 0o700 });
  await writeFileSafely(fileOf(data, name), `${JSON.stringify(connection, null, 2)}\n`);
}

/**
 * A service that this data directory knows; the only one, where none is named.
 * @throws CliError
 */
export async function loadService(
  data: DataDir,
  name?: string,
): Promise<{ name: string; connection: ServiceConnection }> {
  const chosen = name ?? (await onlyService(data));
  const text = await readFile(fileOf(data, chosen), 'utf8').catch(() => {
    const hint = pasteable('service list', data.path);
    throw new CliError('usage', `no service "${chosen}" here; see: ${hint}`);
  });
  return { name: chosen, connection: JSON.parse(text) as ServiceConnection };
}

/** Names of the services that act from this data directory. */
export async function listServices(data: DataDir): Promise<string[]> {
  const files = await readdir(data.services).catch(() => []);
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5));
}

async function onlyService(data: DataDir): Promise<string> {
  const [only, ...others] = await listServices(data);
  if (only === undefined)
    throw new CliError(
      'usage',
      `no service is connected; see: ${pasteable('service connect --help')}`,
    );
  if (others.length > 0)
    throw new CliError('usage', `say which service with --as: ${[only, ...others].join(', ')}`);
  return only;
}

/** @throws CliError when a connection cannot be kept under this name */
export function checkServiceName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name))
    throw new CliError('usage', `"${name}" cannot name a service: use letters, digits, - and _`);
}

function fileOf(data: DataDir, name: string): string {
  checkServiceName(name);
  return join(data.services, `${name}.json`);
}
