import { readFile } from 'node:fs/promises';
import type { Sealer } from '../core/enclave/sealer.ts';
import { CliError } from './cli-error.ts';
import { writeFileSafely } from './data-dir.ts';
import {
  type AppSeal,
  appRoots,
  openSeal,
  sealContents,
  sealFrom,
  sealText,
} from './owner-app-seal.ts';

/** The file of an owner's app, and what it takes to open it. */
export type AppFile = {
  readonly path: string;
  readonly ledgerId: Uint8Array;
  readonly sealer: Sealer;
};

/** Writes the file anew: durable, whole or not at all. */
export async function writeApp(
  file: AppFile,
  contents: Uint8Array,
  passphrase: string,
): Promise<void> {
  await writeFileSafely(file.path, await appText(file, contents, passphrase));
}

/** What stands in a file that holds `contents`. */
export async function appText(
  { ledgerId, sealer }: Omit<AppFile, 'path'>,
  contents: Uint8Array,
  passphrase: string,
): Promise<string> {
  const roots = appRoots(passphrase, sealer, ledgerId);
  return sealsText([await sealContents(contents, roots).finally(roots.close)]);
}

/**
 * What the file holds.
 * @throws CliError when there is none, when it is damaged, or when the passphrase is wrong; SealerError
 */
export async function readApp(file: AppFile, passphrase: string): Promise<Uint8Array> {
  const seals = await readSeals(file.path);
  if (seals.length === 0) throw new CliError('usage', `${file.path} is not there`);
  return (await openAny(file, seals, passphrase)).contents;
}

/**
 * Seals what the file holds under a second passphrase beside the one that opens it now. To be called before the
 * keyring is put under it: whichever of the two a crash leaves the keyring under, opens the file as well.
 * Nothing happens where there is no file.
 * @throws CliError when `from` does not open it; SealerError
 */
export async function addAppSeal(file: AppFile, from: string, to: string): Promise<void> {
  const seals = await readSeals(file.path);
  if (seals.length === 0) return;
  const { seal, contents } = await openAny(file, seals, from);
  const roots = appRoots(to, file.sealer, file.ledgerId);
  const added = await sealContents(contents, roots).finally(roots.close);
  contents.fill(0);
  await writeSeals(file.path, [added, seal]);
}

/**
 * Takes away all seals but that of the passphrase which has opened the keyring, and what the sealer has for
 * earlier ones. Where there is only one seal it is not opened.
 * @throws CliError when the passphrase opens none of several; SealerError
 */
export async function settleApp(file: AppFile, passphrase: string): Promise<void> {
  const seals = await readSeals(file.path);
  const [only, ...others] = seals;
  if (only === undefined) return;
  const kept = others.length === 0 ? only : await keepOne(file, seals, passphrase);
  await appRoots(passphrase, file.sealer, file.ledgerId).retire(kept.recipe);
}

async function keepOne(
  file: AppFile,
  seals: readonly AppSeal[],
  passphrase: string,
): Promise<AppSeal> {
  const { seal, contents } = await openAny(file, seals, passphrase);
  contents.fill(0);
  await writeSeals(file.path, [seal]);
  return seal;
}

/** The newest seal that opens, and what it holds. */
async function openAny(
  { sealer, ledgerId }: AppFile,
  seals: readonly AppSeal[],
  passphrase: string,
): Promise<{ readonly seal: AppSeal; readonly contents: Uint8Array }> {
  for (const seal of seals) {
    const roots = appRoots(passphrase, sealer, ledgerId);
    const contents = await openSeal(seal, roots).finally(roots.close);
    if (contents !== undefined) return { seal, contents };
  }
  throw new CliError('failed', 'the passphrase is not the right one');
}

/** One seal, or two while a passphrase is being changed: the newer one first. */
async function writeSeals(path: string, seals: readonly AppSeal[]): Promise<void> {
  await writeFileSafely(path, sealsText(seals));
}

function sealsText(seals: readonly AppSeal[]): string {
  return `${JSON.stringify({ v: 1, seals: seals.map(sealText) })}\n`;
}

async function readSeals(path: string): Promise<AppSeal[]> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  return sealsIn(text, path);
}

/**
 * The seals in the text of an owner's app.
 * @param name - what to call it, for a person
 * @throws CliError when it is none
 */
export function sealsIn(text: string, name: string): AppSeal[] {
  try {
    const { v, seals } = JSON.parse(text) as { v: unknown; seals: Record<string, string>[] };
    if (v === 1) return seals.map(sealFrom);
  } catch (error) {
    throw new CliError('failed', `${name} is damaged`, error);
  }
  throw new CliError('failed', `${name} is of another version`);
}
