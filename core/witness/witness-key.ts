import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type NoteKey, noteKey } from '../../ledger/note-key.ts';
import { fromBase64url, toBase64url, toHex } from '../../wire/bytes.ts';
import { type Signer, sha256, signerFrom } from '../../wire/crypto.ts';
import { createFile } from '../files/durable-file.ts';
import { WitnessError } from './witness-error.ts';

/** A witness's own key. It signs cosignatures, and nothing else ever. */
export type WitnessKey = { readonly signer: Signer; readonly key: NoteKey };

/**
 * The key of the witness in a folder that exists; made at the first use, in a file that only this user can read.
 * @param name - of the witness; by default one that follows from its key
 * @throws WitnessError KEY_MALFORMED, KEY_EXPOSED
 * @throws RangeError when the name is no name of a key
 */
export async function witnessKey(folder: string, name?: string): Promise<WitnessKey> {
  const file = join(folder, 'witness-key.json');
  const text = (await readKeyFile(file)) ?? (await makeKeyFile(file, name));
  const made = parseKeyFile(text);
  if (made === undefined) throw new WitnessError('KEY_MALFORMED', `${file} holds no witness's key`);
  if (name !== undefined && made.key.name !== name)
    throw new WitnessError('KEY_MALFORMED', `${file} is the key of ${made.key.name}, not ${name}`);
  return made;
}

async function readKeyFile(file: string): Promise<string | undefined> {
  const info = await stat(file).catch(() => undefined);
  if (info === undefined) return undefined;
  if ((info.mode & 0o077) !== 0)
    throw new WitnessError('KEY_EXPOSED', `others can read ${file}: make it mode 0600`);
  return await readFile(file, 'utf8');
}

async function makeKeyFile(file: string, name?: string): Promise<string> {
  const seed = new Uint8Array(randomBytes(32));
  const { publicKey } = signerFrom(seed);
  const own = name ?? `cambium.witness/${toHex(sha256(publicKey)).slice(0, 32)}`;
  noteKey('cosignature', own, publicKey);
  const text = `${JSON.stringify({ v: 1, name: own, seed: toBase64url(seed) }, null, 2)}\n`;
  seed.fill(0);
  await createFile(file, text);
  return text;
}

function parseKeyFile(text: string): WitnessKey | undefined {
  try {
    const { v, name, seed } = JSON.parse(text);
    if (v !== 1 || typeof name !== 'string' || typeof seed !== 'string') return undefined;
    const signer = signerFrom(fromBase64url(seed));
    return { signer, key: noteKey('cosignature', name, signer.publicKey) };
  } catch {
    return undefined;
  }
}
