import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError } from '../../ledger/errors.ts';
import { toHex } from '../../wire/bytes.ts';
import { stateFolder } from '../enclave/state-folder.ts';
import { makeFolder, syncFolder } from '../files/durable-file.ts';
import type { Pin } from './pin.ts';

/** A pin that can be asked what it keeps. */
export type FilePin = Required<Pin>;

const behindMs = 1_000;
const noteName = /^(\d{1,15})\.checkpoint$/;

/** The file pin of one ledger, outside its data directory. */
export function filePinOf(ledgerId: Uint8Array, state: string = stateFolder()): FilePin {
  return filePin(join(state, 'checkpoints', toHex(ledgerId)), 'the checkpoint file');
}

/**
 * A pin in a folder of files, one for each checkpoint, numbered; the last one counts. A number can be
 * taken only once (`link` does not overwrite), so of two who replace the same one, one fails. After a
 * crash the folder holds the old checkpoint, or both.
 */
export function filePin(folder: string, name: string): FilePin {
  return {
    name,
    behindMs,
    read: async () => (await latest(folder))?.note,
    replace: async (expected, next) => {
      await makeFolder(folder);
      const kept = await latest(folder);
      if (kept?.note !== expected) throw conflict(name);
      const number = (kept?.number ?? 0) + 1;
      await keep(folder, number, next, name);
      // Who was slow may have taken a number that a later one had passed already.
      if (Math.max(...(await numbers(folder))) > number) {
        await rm(join(folder, fileOf(number)), { force: true });
        throw conflict(name);
      }
      if (kept !== undefined) await rm(join(folder, fileOf(kept.number)), { force: true });
    },
  };
}

type Kept = { readonly number: number; readonly note: string };

async function latest(folder: string): Promise<Kept | undefined> {
  for (;;) {
    const number = Math.max(0, ...(await numbers(folder)));
    if (number === 0) return undefined;
    try {
      return { number, note: await readFile(join(folder, fileOf(number)), 'utf8') };
    } catch (error) {
      // Replaced meanwhile: there is a later one.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

async function numbers(folder: string): Promise<number[]> {
  try {
    const names = await readdir(folder);
    return names.flatMap((name) => Number(noteName.exec(name)?.[1] ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function keep(folder: string, number: number, note: string, name: string): Promise<void> {
  const partial = join(folder, `${number}.${randomUUID()}.partial`);
  const file = await open(partial, 'wx', 0o600);
  try {
    await file.writeFile(note);
    await file.sync();
    await link(partial, join(folder, fileOf(number)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw conflict(name);
    throw error;
  } finally {
    await file.close();
    await rm(partial, { force: true });
  }
  await syncFolder(folder);
}

function fileOf(number: number): string {
  return `${number}.checkpoint`;
}

function conflict(name: string): LedgerError {
  return new LedgerError('PIN_CONFLICT', `${name} was changed by another than this vault`);
}
