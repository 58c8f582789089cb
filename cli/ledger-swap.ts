import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from './cli-error.ts';
import { type DataDir, exists, syncFolder, writeFileSafely } from './data-dir.ts';
import { beganAt } from './process-start.ts';

/*
 * A healed ledger takes the place of the damaged one by two renames, with a note of what is going on. A
 * crash leaves one of these, and whoever comes next completes it:
 *
 *   before the note        the damaged ledger, and a finished folder that nobody knows of
 *   after the note         both in their old places: the two renames are still to come
 *   after the first        no ledger: the second is still to come
 *   after the second       the healed ledger: only the note is still to be removed
 */

/** Names of folders in the data directory. */
type Swap = { readonly healed: string; readonly aside: string };
const swapName = /^ledger\.(?:healed|damaged)-\w+$/;

type SwapNote = Swap & { readonly pid: number; readonly began: string };

/** Puts the folder `healed` in the place of the ledger, which is kept aside; durable when it resolves. */
export async function swapLedger(data: DataDir, { healed, aside }: Swap): Promise<void> {
  await syncFolder(join(data.path, healed));
  const note: SwapNote = { healed, aside, pid: process.pid, began: await beganAt(process.pid) };
  await writeFileSafely(noteFile(data), `${JSON.stringify(note)}\n`);
  await syncFolder(data.path);
  await complete(data, note);
}

/**
 * Completes a replacement that was interrupted.
 * @returns whether there was one
 * @throws CliError while another process is at it
 */
export async function finishSwap(data: DataDir): Promise<boolean> {
  const note = await readNote(data);
  if (note === undefined) return false;
  if (note.pid !== process.pid && (await beganAt(note.pid)) === note.began)
    throw new CliError('failed', `${data.path} is being repaired by process ${note.pid}`);
  await complete(data, note);
  return true;
}

/**
 * Removes what an interrupted repair had not finished: nothing of it was in use. Requires that no other repair goes
 * on here, and that none is left to be completed.
 */
export async function dropLeftovers(data: DataDir): Promise<void> {
  for (const name of await readdir(data.path))
    if (/^ledger\.(?:healing|healed)-/.test(name))
      await rm(join(data.path, name), { recursive: true });
  for (const name of await readdir(data.run).catch(() => []))
    if (name.startsWith('examined-')) await rm(join(data.run, name), { recursive: true });
}

async function complete(data: DataDir, { healed, aside }: Swap): Promise<void> {
  const [from, to] = [join(data.path, healed), join(data.path, aside)];
  if (await exists(from)) {
    if (!(await exists(to)) && (await exists(data.ledger))) await rename(data.ledger, to);
    await syncFolder(data.path);
    await rename(from, data.ledger);
  }
  await rm(noteFile(data), { force: true });
  await syncFolder(data.path);
}

/** The disk is not trusted: the names in a note may lead nowhere else. */
async function readNote(data: DataDir): Promise<SwapNote | undefined> {
  const text = await readFile(noteFile(data), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { healed, aside, pid, began } = parsed(text);
  if (typeof healed === 'string' && typeof aside === 'string')
    if (swapName.test(healed) && swapName.test(aside))
      return { healed, aside, pid: Number(pid), began: String(began) };
  throw new CliError('failed', `${noteFile(data)} is not a note of a repair`);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function noteFile(data: DataDir): string {
  return join(data.path, 'repair.json');
}
