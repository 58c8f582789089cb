import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { toHex } from '../../wire/bytes.ts';
import { syncFolder } from '../files/durable-file.ts';
import { stateFolder } from './state-folder.ts';

const secretBytes = 32;

/**
 * Keeps the half of a root that does not lie in the data directory: a copy of the directory and the
 * passphrase together open nothing without it. Every root has a secret of its own, numbered from 1.
 *
 * A secret is durable when `create` resolves, and gone for good when `destroy` does: erasure rests on
 * the second, and no vault survives a sealer that breaks the first. Both may be called again after a
 * crash.
 */
export type Sealer = {
  readonly name: string;
  /** Generations of the secrets that it has for one id, ascending. */
  generations(id: Uint8Array): Promise<readonly number[]>;
  /** Makes the next secret (32 random bytes) and gives its generation, which is the greatest. */
  create(id: Uint8Array): Promise<number>;
  /** @throws SealerError when it has none of this generation */
  secret(id: Uint8Array, generation: number): Promise<Uint8Array>;
  /** Nothing happens when it has none of this generation. */
  destroy(id: Uint8Array, generation: number): Promise<void>;
};

/** The sealer does not have the secret of this vault. */
export class SealerError extends Error {
  override readonly name = 'SealerError';
}

/** Folder of the file sealer. */
export function sealerFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'sealer');
}

/** File in which the file sealer keeps the secret of one generation. */
export function sealerFile(
  id: Uint8Array,
  generation: number,
  folder: string = sealerFolder(),
): string {
  return join(folder, `${toHex(id)}.${generation}.sealer`);
}

/**
 * Secrets in files that only this user can read, `<id>.<generation>.sealer`. For development: hardware would also
 * count attempts at the passphrase, let go of a secret only to a measured program, and
 * destroy one for certain. A file is overwritten before it is removed, which a disk that moves its blocks
 * (flash, snapshots, copy on write) may not do in place.
 */
export function fileSealer(path: string = sealerFolder()): Sealer {
  const folder = resolve(path);
  const fileOf = (id: Uint8Array, generation: number): string => sealerFile(id, generation, folder);
  return {
    name: 'file',
    generations: (id) => generationsIn(folder, toHex(id)),
    create: async (id) => {
      await makeFolder(folder);
      const generation = ((await generationsIn(folder, toHex(id))).at(-1) ?? 0) + 1;
      await writeSecret(fileOf(id, generation));
      await syncFolder(folder);
      return generation;
    },
    secret: (id, generation) => readSecret(fileOf(id, generation)),
    destroy: async (id, generation) => {
      await destroyFile(fileOf(id, generation));
      await syncFolder(folder);
    },
  };
}

async function generationsIn(folder: string, id: string): Promise<number[]> {
  const names = await readdir(folder).catch(absent);
  return (names ?? [])
    .flatMap((name) => {
      const [, owner, generation] = /^([0-9a-f]+)\.([1-9][0-9]{0,14})\.sealer$/.exec(name) ?? [];
      return owner === id ? [Number(generation)] : [];
    })
    .sort((a, b) => a - b);
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made))
    await syncFolder(dirname(made));
}

async function writeSecret(path: string): Promise<void> {
  const secret = randomBytes(secretBytes);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(secret);
    await file.sync();
  } finally {
    secret.fill(0);
    await file.close();
  }
}

async function readSecret(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch(absent);
  if (bytes === undefined)
    throw new SealerError(
      `the sealer's secret is not there (${path}); earlier copies of a keyring have none any more`,
    );
  if (bytes.length !== secretBytes)
    throw new SealerError(`${path} does not hold a sealer's secret`);
  return new Uint8Array(bytes);
}

async function destroyFile(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(absent);
  if (file === undefined) return;
  try {
    await file.write(randomBytes(secretBytes), 0, secretBytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(path, { force: true });
}

/** A file or folder that is not there is no error here. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
