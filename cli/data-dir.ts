import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ledgerIdOf } from '../ledger/chain.ts';
import type { LedgerIdentity } from '../ledger/chain-end.ts';
import { equalBytes, fromBase64url, fromHex, toBase64url, toHex } from '../wire/bytes.ts';
import { isIdentifier } from '../wire/identifiers.ts';
import { CliError } from './cli-error.ts';
import { pasteable } from './hint.ts';

/** A vault's folder, and where things lie in it. */
export type DataDir = {
  readonly path: string;
  readonly vaultFile: string;
  readonly ownerFile: string;
  /** JetStream files of the ledger, and of the messaging layer. */
  readonly ledger: string;
  readonly vine: string;
  /** What only lives while something runs. */
  readonly run: string;
  readonly services: string;
};

/** Which vault a data directory holds: what a verifier has to know, nothing secret. */
export type VaultCard = {
  readonly vault: string;
  readonly ledger: LedgerIdentity;
  /** Unix time in milliseconds. */
  readonly created: number;
};

/** Names the parts of a data directory; touches nothing. */
export function dataDir(path: string): DataDir {
  const root = resolve(path);
  return {
    path: root,
    vaultFile: join(root, 'vault.json'),
    ownerFile: join(root, 'owner-app.json'),
    ledger: join(root, 'ledger'),
    vine: join(root, 'vine'),
    run: join(root, 'run'),
    services: join(root, 'services'),
  };
}

/**
 * The vault of a data directory.
 * @throws CliError when there is none, or its card is not one
 */
export async function readCard(data: DataDir): Promise<VaultCard> {
  const text = await readFile(data.vaultFile, 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new CliError(
      'usage',
      `no vault in ${data.path}; make one with: ${pasteable('init', data.path)}`,
    );
  const card = parseCard(text);
  if (card === undefined) throw new CliError('failed', `${data.vaultFile} is not a vault's card`);
  return card;
}

/** Writes the card: the last step of making a vault. */
export async function writeCard(data: DataDir, card: VaultCard): Promise<void> {
  const text = {
    v: 1,
    vault: card.vault,
    ledger: toHex(card.ledger.id),
    ledger_key: toBase64url(card.ledger.publicKey),
    created: card.created,
  };
  await writeFileSafely(data.vaultFile, `${JSON.stringify(text, null, 2)}\n`);
}

/** Writes a file that only its owner can read, whole or not at all; durable when this resolves. */
export async function writeFileSafely(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, text, { mode: 0o600, flush: true });
  await rename(partial, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes what was created, renamed or removed in a folder survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/**
 * Makes a folder with `fill`, so that it is there whole or not at all. Gives what `fill` gives.
 * @throws CliError when the folder exists and is not empty
 */
export async function makeWhole<T>(path: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const target = resolve(path);
  const making = `${target}.making-${process.pid}`;
  await mkdir(making, { recursive: true, mode: 0o700 });
  try {
    const result = await fill(making);
    await rename(making, target);
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR')
      throw new CliError('usage', `${target} exists and is not empty`);
    throw error;
  }
}

function parseCard(text: string): VaultCard | undefined {
  try {
    const { v, vault, ledger, ledger_key, created } = JSON.parse(text) as Record<string, unknown>;
    const publicKey = fromBase64url(String(ledger_key));
    const id = fromHex(String(ledger));
    const fits =
      v === 1 &&
      typeof vault === 'string' &&
      isIdentifier(vault) &&
      typeof created === 'number' &&
      equalBytes(ledgerIdOf(publicKey), id);
    return fits ? { vault, ledger: { id, publicKey }, created } : undefined;
  } catch {
    return undefined;
  }
}
