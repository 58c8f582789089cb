import { randomBytes } from 'node:crypto';
import { argon2idAsync } from '@noble/hashes/argon2.js';
import type { RootFor, RootRecipe } from '../../ledger/keyring.ts';
import { hkdf } from '../../wire/crypto.ts';
import type { Sealer } from '../enclave/sealer.ts';

const timeCost = 2;
const memoryKiB: number = 19 * 1024;
const lanes = 1;
/** Fewest characters of a passphrase: a file as the sealer does not count attempts. */
export const passphraseMin = 8;

/** Why a passphrase is not taken; `undefined` when it is. */
export function passphraseFault(passphrase: string): string | undefined {
  if (passphrase.length < passphraseMin) return `use at least ${passphraseMin} characters`;
  if (/^\d+$/.test(passphrase) && passphrase.length < 16)
    return 'digits alone can be searched: use words, or 16 digits and more';
  return undefined;
}

/** A recipe with a fresh salt (Argon2id, RFC 9106, at OWASP's minimum: 19 MiB, 2 passes). */
export function newRecipe(sealer: Sealer): RootRecipe {
  const salt = new Uint8Array(randomBytes(16));
  return { kdf: 'argon2id', timeCost, memoryKiB, lanes, salt, sealer: sealer.name };
}

/** Root of a ring: Argon2id of the passphrase, then the sealer's secret. About a quarter second. */
export function rootFrom(passphrase: string, sealer: Sealer, ledgerId: Uint8Array): RootFor {
  return async (recipe) => {
    const stretched = await stretch(passphrase, recipe);
    const secret = await sealer.secret(ledgerId);
    const root = hkdf(stretched, secret, 'cambium/ring/root/v1');
    stretched.fill(0);
    secret.fill(0);
    return root;
  };
}

/** 32 bytes of Argon2id. */
export function stretch(
  passphrase: string,
  recipe: Pick<RootRecipe, 'timeCost' | 'memoryKiB' | 'lanes' | 'salt'>,
): Promise<Uint8Array> {
  return argon2idAsync(passphrase.normalize('NFKC'), recipe.salt, {
    t: recipe.timeCost,
    m: recipe.memoryKiB,
    p: recipe.lanes,
    dkLen: 32,
  });
}
