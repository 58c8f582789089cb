import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, parseCheckpoint } from '../../ledger/checkpoint.ts';
import { cosignatureBy } from '../../ledger/cosignature.ts';
import type { NoteKey } from '../../ledger/note-key.ts';
import { formatNote, type Note, parseNote } from '../../ledger/signed-note.ts';
import { toHex, utf8 } from '../../wire/bytes.ts';
import { sha256 } from '../../wire/crypto.ts';
import { makeFolder, replaceFile } from '../files/durable-file.ts';
import { WitnessError } from './witness-error.ts';

/** What a witness last cosigned for one log. */
export type LastCosigned = {
  readonly checkpoint: Checkpoint;
  /** Unix time of its cosignature. */
  readonly timeSeconds: number;
  /** The file's text: the signed, cosigned note. */
  readonly text: string;
};

/**
 * Keeps the last cosigned checkpoint of each log in a file of its own. Nothing is cached: the file is
 * the state. Only the holder of the folder's lock writes.
 */
export type WitnessStore = {
  /** @throws WitnessError STATE_DAMAGED when there is a file that this witness did not write */
  last(origin: string): Promise<LastCosigned | undefined>;
  /**
   * Puts `note` in the place of `before`, whole or not at all; it is on disk when this resolves. After
   * a rejection either may be there: the next `last` tells.
   * @throws WitnessError STATE_DAMAGED when something else than `before` is there
   */
  replace(origin: string, before: LastCosigned | undefined, note: Note): Promise<void>;
};

const suffix = '.checkpoint';

/**
 * The store in a folder, which is made if it is absent.
 * @param key - of the witness, whose cosignature every file has to bear
 */
export async function openStore(folder: string, key: NoteKey): Promise<WitnessStore> {
  await makeFolder(folder);
  // Left by a writer that was killed before its rename.
  for (const name of await readdir(folder))
    if (name.endsWith(`${suffix}.partial`)) await rm(join(folder, name), { force: true });
  const fileOf = (origin: string): string =>
    join(folder, `${toHex(sha256(utf8(origin))).slice(0, 32)}${suffix}`);
  const last = async (origin: string): Promise<LastCosigned | undefined> => {
    const text = await textOf(fileOf(origin));
    return text === undefined ? undefined : readLast(text, origin, key);
  };
  return {
    last,
    replace: async (origin, before, note) => {
      if ((await last(origin))?.text !== before?.text)
        throw new WitnessError('STATE_DAMAGED', `the state of ${origin} changed under the witness`);
      await replaceFile(fileOf(origin), formatNote(note));
    },
  };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readLast(text: string, origin: string, key: NoteKey): LastCosigned {
  const note = parseNote(text);
  const checkpoint = note && parseCheckpoint(note.text);
  const cosigned = note && cosignatureBy(key, note);
  if (checkpoint === undefined || cosigned === undefined || checkpoint.origin !== origin)
    throw new WitnessError('STATE_DAMAGED', `the state of ${origin} is not what was written`);
  return { checkpoint, timeSeconds: cosigned.timeSeconds, text };
}
