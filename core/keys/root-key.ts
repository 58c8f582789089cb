import { randomBytes } from 'node:crypto';
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { LedgerError } from '../../ledger/errors.ts';
import type { RootRecipe, RootSource } from '../../ledger/ring-root.ts';
import { equalBytes } from '../../wire/bytes.ts';
import { hkdf } from '../../wire/crypto.ts';
import { type Sealer, SealerError } from '../enclave/sealer.ts';

const timeCost = 2;
const memoryKiB: number = 19 * 1024;
const lanes = 1;
const saltBytes = 16;
/** Fewest characters of a passphrase: a file as the sealer does not count attempts. */
export const passphraseMin = 8;

/** How a passphrase is stretched. */
type Stretching = Pick<RootRecipe, 'kdf' | 'timeCost' | 'memoryKiB' | 'lanes' | 'salt'>;

/** Roots of one passphrase and one sealer. */
export type PassphraseRoots = RootSource & {
  /** Overwrites what is left of the passphrase. No root can be had after this. */
  close(): void;
};

/** Why a passphrase is not taken; `undefined` when it is. */
export function passphraseFault(passphrase: string): string | undefined {
  if (passphrase.length < passphraseMin) return `use at least ${passphraseMin} characters`;
  if (/^\d+$/.test(passphrase) && passphrase.length < 16)
    return 'digits alone can be searched: use words, or 16 digits and more';
  return undefined;
}

/**
 * Roots from a passphrase and a sealer: Argon2id of the passphrase (RFC 9106, at OWASP's minimum: 19
 * MiB, 2 passes; about a quarter second), then the sealer's secret.
 *
 * The passphrase is let go of once it is stretched; its 32-byte half stays, so that an open vault can
 * change its root without asking again. The salt stays with it: a new root is as new as its sealer's
 * secret, which is 32 random bytes. The half alone opens nothing, and a passphrase cannot be had from it but by
 * searching. Argon2id always runs before the sealer is asked, whatever is wrong.
 * @param id - whose secrets the sealer is asked for
 */
export function rootsFrom(passphrase: string, sealer: Sealer, id: Uint8Array): PassphraseRoots {
  const half = stretchedHalf(passphrase);
  return {
    rootOf: async (recipe) => {
      const stretched = await half.of(recipe);
      if (recipe.sealer !== sealer.name)
        throw new SealerError(`this keyring needs the sealer ${recipe.sealer}, not ${sealer.name}`);
      const secret = await sealer.secret(id, recipe.sealerGeneration);
      const root = hkdf(stretched, secret, 'cambium/ring/root/v1');
      secret.fill(0);
      return root;
    },
    renew: async () => {
      const sealerGeneration = await sealer.create(id);
      return { ...half.stretching(), sealer: sealer.name, sealerGeneration };
    },
    newest: async () => (await sealer.generations(id)).at(-1) ?? 0,
    retire: async ({ sealerGeneration }) => {
      for (const generation of await sealer.generations(id))
        if (generation < sealerGeneration) await sealer.destroy(id, generation);
    },
    close: half.close,
  };
}

/** What Argon2id makes of a passphrase: worked out once, with the first recipe. */
function stretchedHalf(given: string) {
  let passphrase: string | undefined = given;
  let half: { readonly stretching: Stretching; readonly bytes: Promise<Uint8Array> } | undefined;
  let fresh: Stretching | undefined;
  let closed = false;
  return {
    /** As it was stretched, or is going to be. */
    stretching: (): Stretching => {
      fresh ??= newStretching();
      return half?.stretching ?? fresh;
    },
    of: async (recipe: Stretching): Promise<Uint8Array> => {
      if (closed) throw new LedgerError('CLOSED', 'the passphrase has been let go of');
      if (half !== undefined && isSame(half.stretching, recipe)) return half.bytes;
      // Stretched already, with another salt: the passphrase was changed behind our back.
      if (passphrase === undefined)
        throw new LedgerError('RING_LOCKED', 'the passphrase has been changed: open again with it');
      half = { stretching: stretchingOf(recipe), bytes: stretch(passphrase, recipe) };
      passphrase = undefined;
      return half.bytes;
    },
    close: () => {
      closed = true;
      passphrase = undefined;
      void half?.bytes.then((bytes) => bytes.fill(0));
    },
  };
}

/** 32 bytes of Argon2id. */
function stretch(passphrase: string, recipe: Stretching): Promise<Uint8Array> {
  return argon2idAsync(passphrase.normalize('NFKC'), recipe.salt, {
    t: recipe.timeCost,
    m: recipe.memoryKiB,
    p: recipe.lanes,
    dkLen: 32,
  });
}

function newStretching(): Stretching {
  const salt = new Uint8Array(randomBytes(saltBytes));
  return { kdf: 'argon2id', timeCost, memoryKiB, lanes, salt };
}

function stretchingOf({ kdf, timeCost, memoryKiB, lanes, salt }: Stretching): Stretching {
  return { kdf, timeCost, memoryKiB, lanes, salt };
}

function isSame(one: Stretching, other: Stretching): boolean {
  return (
    one.timeCost === other.timeCost &&
    one.memoryKiB === other.memoryKiB &&
    one.lanes === other.lanes &&
    equalBytes(one.salt, other.salt)
  );
}
