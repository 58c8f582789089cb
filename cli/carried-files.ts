import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isVineConfig } from '../core/bus/vine/vine-config.ts';
import type { NamedBytes } from '../ledger/export-format.ts';
import { isParty } from '../wire/identifiers.ts';
import { CliError } from './cli-error.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';
import { vineConfigFile, vineFolders } from './servers.ts';

/*
 * Files of a data directory that go along in an export, besides the ledger and its keyring: the owner's
 * app (sealed under the passphrase), and what makes the messaging layer the one that others know: its
 * configuration and its accounts' signed tokens, revocations among them. None holds a secret in clear.
 */

/** Name of the owner's app in a data directory, and in an export. */
export const ownerAppName = 'owner-app.json';
const configName = `vine/${vineConfigFile}`;
const accountsName = `vine/${vineFolders.resolverDir}`;
const textBytesMax: number = 64 * 1024;

const ownerApp =
  /^\{"v":1,"seals":\[\{"recipe":"[\w-]+","nonce":"[\w-]+","box":"[\w-]+"\}(?:,\{"recipe":"[\w-]+","nonce":"[\w-]+","box":"[\w-]+"\})?\]\}\n$/;
const token = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The files of a data directory that go along, under their names in the export. */
export async function carriedFiles(data: DataDir): Promise<readonly NamedBytes[]> {
  const accounts = await readdir(join(data.path, accountsName)).catch(() => []);
  const names = [ownerAppName, configName, ...accounts.map((file) => `${accountsName}/${file}`)];
  const files: NamedBytes[] = [];
  for (const name of names.filter(isCarried)) {
    const bytes = await readFile(join(data.path, name)).catch(absent);
    if (bytes !== undefined) files.push({ name, bytes: new Uint8Array(bytes) });
  }
  return files;
}

/**
 * Puts a file of an export, which is attacker-controlled, in its place.
 * @throws CliError when no such file goes along, or it is not what its name says
 */
export async function addCarriedFile(
  data: DataDir,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const text = Buffer.from(bytes).toString('utf8');
  if (!isCarried(name)) throw new CliError('failed', `an export has no file "${name}"`);
  if (bytes.length > textBytesMax || !fits(name, text))
    throw new CliError('failed', `"${name}" in the export is not what it should be`);
  const path = join(data.path, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileSafely(path, text);
}

function isCarried(name: string): boolean {
  return name === ownerAppName || name === configName || accountOf(name) !== undefined;
}

function fits(name: string, text: string): boolean {
  if (name === ownerAppName) return ownerApp.test(text);
  if (name === configName) return isVineConfig(text, vineFolders);
  return token.test(text);
}

function accountOf(name: string): string | undefined {
  const file = name.startsWith(`${accountsName}/`) ? name.slice(accountsName.length + 1) : '';
  const account = file.endsWith('.jwt') ? file.slice(0, -4) : '';
  return isParty(account) ? account : undefined;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
