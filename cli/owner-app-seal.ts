import { randomBytes } from 'node:crypto';
import type { Sealer } from '../core/enclave/sealer.ts';
import { type PassphraseRoots, rootsFrom } from '../core/keys/root-key.ts';
import { parseRecipe, type RootRecipe, recipeParts } from '../ledger/ring-root.ts';
import { fromBase64url, toBase64url, utf8 } from '../wire/bytes.ts';
import { open, seal, sha256 } from '../wire/crypto.ts';
import { decode, encode, type MsgpackValue } from '../wire/msgpack.ts';

const domain = utf8('cambium/owner-app/v1');
const sealerDomain = utf8('cambium/owner-app/sealer/v1\0');

/** What the owner's app keeps, sealed under one passphrase. */
export type AppSeal = {
  readonly recipe: RootRecipe;
  readonly nonce: Uint8Array;
  readonly box: Uint8Array;
};

/**
 * Keys for seals of the owner's app. They come about as a keyring's roots do, from passphrase and sealer,
 * with secrets of the sealer that are the app's own: so after a change of the passphrase the earlier
 * one opens no earlier copy of the app either.
 */
export function appRoots(
  passphrase: string,
  sealer: Sealer,
  ledgerId: Uint8Array,
): PassphraseRoots {
  return rootsFrom(passphrase, sealer, appSealerId(ledgerId));
}

/** Id under which the sealer keeps the app's secrets, 16 bytes. */
export function appSealerId(ledgerId: Uint8Array): Uint8Array {
  return sha256(sealerDomain, ledgerId).slice(0, 16);
}

/** Seals contents under a new key, whose half at the sealer is durable. */
export async function sealContents(contents: Uint8Array, roots: PassphraseRoots): Promise<AppSeal> {
  const recipe = await roots.renew();
  const nonce = new Uint8Array(randomBytes(24));
  const key = await roots.rootOf(recipe);
  const box = seal(key, nonce, domain, contents);
  key.fill(0);
  return { recipe, nonce, box };
}

/** The contents; `undefined` when the passphrase is another one. */
export async function openSeal(
  { recipe, nonce, box }: AppSeal,
  roots: PassphraseRoots,
): Promise<Uint8Array | undefined> {
  const key = await roots.rootOf(recipe);
  const contents = open(key, nonce, domain, box);
  key.fill(0);
  return contents;
}

/** A seal as members of a JSON object. */
export function sealText({ recipe, nonce, box }: AppSeal): Record<string, string> {
  return {
    recipe: toBase64url(encode(recipeParts(recipe))),
    nonce: toBase64url(nonce),
    box: toBase64url(box),
  };
}

/** A seal from such members. Throws what its parts throw when they are not what they should be. */
export function sealFrom({ recipe = '', nonce = '', box = '' }: Record<string, string>): AppSeal {
  return {
    recipe: parseRecipe(decode(fromBase64url(recipe)) as readonly MsgpackValue[]),
    nonce: fromBase64url(nonce),
    box: fromBase64url(box),
  };
}
