import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../wire/bytes.ts';
import { stateFolder } from './state-folder.ts';

/**
 * Keeps the half of a vault's root that does not lie in its data directory: a copy of the directory
 * and the passphrase together open nothing without it. A secret is durable before `create` resolves.
 */
export type Sealer = {
  readonly name: string;
  /** Makes the secret (32 bytes) of a new ledger. */
  create(ledgerId: Uint8Array): Promise<Uint8Array>;
  /** @throws SealerError when there is none */
  secret(ledgerId: Uint8Array): Promise<Uint8Array>;
};

/** The sealer does not have the secret of this vault. */
export class SealerError extends Error {
  override readonly name = 'SealerError';
}

/** Folder of the file sealer. */
export function sealerFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'sealer');
}

/** File in which the file sealer keeps the secret of a ledger. */
export function sealerFile(ledgerId: Uint8Array, folder: string = sealerFolder()): string {
  return join(folder, `${toHex(ledgerId)}.sealer`);
}

/**
 * Secrets in files that only this user can read. For development: hardware would also count attempts
 * at the passphrase, and let go of the secret only to a measured program.
 */
export function fileSealer(folder: string = sealerFolder()): Sealer {
  const fileOf = (ledgerId: Uint8Array): string => sealerFile(ledgerId, folder);
  return {
    name: 'file',
    create: async (ledgerId) => {
      const secret = new Uint8Array(randomBytes(32));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(fileOf(ledgerId), 'wx', 0o600);
      try {
        await file.writeFile(secret);
        await file.sync();
      } finally {
        await file.close();
      }
      return secret;
    },
    secret: async (ledgerId) => {
      const path = fileOf(ledgerId);
      const bytes = await readFile(path).catch((error: unknown) => {
        throw new SealerError(`the sealer's secret of this vault is not in ${folder}`, {
          cause: error,
        });
      });
      if (bytes.length !== 32) throw new SealerError(`${path} does not hold a sealer's secret`);
      return new Uint8Array(bytes);
    },
  };
}
