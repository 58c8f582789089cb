import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ServiceConnection } from '../service/service-identity.ts';
import type { SignedStatement } from '../wire/statement.ts';
import { CliError } from './cli-error.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';

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
    throw new CliError('usage', `no service "${chosen}" here; see: cambium service list`);
  });
  return { name: chosen, connection: JSON.parse(text) as ServiceConnection };
}

/** A vault's statements about one event, in the order in which they came, as a service keeps them. */
export type KeptStatements = { readonly v: 1; readonly statements: readonly SignedStatement[] };

/** Keeps a statement beside those about the same event, and says in which file. */
export async function keepStatement(
  data: DataDir,
  name: string,
  statement: SignedStatement,
): Promise<string> {
  const path = join(data.services, checkedName(name), 'statements', `${statement.event}.json`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const before = text === undefined ? [] : (JSON.parse(text) as KeptStatements).statements;
  const known = before.some(({ signature }) => signature === statement.signature);
  const kept: KeptStatements = { v: 1, statements: known ? before : [...before, statement] };
  await writeFileSafely(path, `${JSON.stringify(kept, null, 2)}\n`);
  return path;
}

/** Names of the services that act from this data directory. */
export async function listServices(data: DataDir): Promise<string[]> {
  const files = await readdir(data.services).catch(() => []);
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5));
}

async function onlyService(data: DataDir): Promise<string> {
  const [only, ...others] = await listServices(data);
  if (only === undefined)
    throw new CliError('usage', 'no service is connected; see: cambium service connect --help');
  if (others.length > 0)
    throw new CliError('usage', `say which service with --as: ${[only, ...others].join(', ')}`);
  return only;
}

function fileOf(data: DataDir, name: string): string {
  return join(data.services, `${checkedName(name)}.json`);
}

function checkedName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name))
    throw new CliError('usage', `"${name}" cannot name a service: use letters, digits, - and _`);
  return name;
}
