import { equalBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';

/** What a key of a note signs, by the type byte of C2SP signed-note. */
export type NoteKeyType =
  /** The note's text itself (Ed25519). */
  | 'note'
  /** A checkpoint and the time at which it was seen (C2SP tlog-cosignature, cosignature/v1). */
  | 'cosignature';

/** A public key that signs notes. Name and id find it; only the key itself proves anything. */
export type NoteKey = {
  readonly type: NoteKeyType;
  /** Without white space and `+`. */
  readonly name: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 4 bytes. Short, so that anyone can make a key with the same one. */
  readonly id: Uint8Array;
};

/** Most bytes of a key's name. */
const nameBytesMax = 255;
const typeBytes: Readonly<Record<NoteKeyType, number>> = { note: 0x01, cosignature: 0x04 };

/**
 * The key of this name.
 * @throws RangeError when the name or the key has not the form of one
 */
export function noteKey(type: NoteKeyType, name: string, publicKey: Uint8Array): NoteKey {
  if (!isKeyName(name) || utf8(name).length > nameBytesMax)
    throw new RangeError(`not the name of a note's key: ${JSON.stringify(name)}`);
  if (publicKey.length !== 32) throw new RangeError(`a key of ${publicKey.length} bytes`);
  const id = sha256(utf8(`${name}\n`), typed(type, publicKey)).slice(0, 4);
  return { type, name, publicKey, id };
}

/** The key as text, `name+id+base64(type ‖ key)`: a vkey of C2SP signed-note. */
export function formatVkey(key: NoteKey): string {
  return `${key.name}+${toHex(key.id)}+${toBase64(typed(key.type, key.publicKey))}`;
}

/** The key in a vkey; `undefined` when it is none, its id is another one, or its type is not known. */
export function parseVkey(text: string): NoteKey | undefined {
  const [, name = '', id = '', material = ''] =
    /^([^+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44})$/.exec(text) ?? [];
  try {
    const bytes = fromBase64(material);
    const type = bytes[0] === typeBytes.note ? 'note' : 'cosignature';
    if (bytes[0] !== typeBytes[type]) return undefined;
    const key = noteKey(type, name, bytes.slice(1));
    return equalBytes(key.id, fromHex(id)) ? key : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether a key may have this name in a note: not empty, no white space, no `+`. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}+]/u.test(name);
}

function typed(type: NoteKeyType, publicKey: Uint8Array): Uint8Array {
  return Uint8Array.of(typeBytes[type], ...publicKey);
}
