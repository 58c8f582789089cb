import { concat, fromHex, toHex, utf8 } from '../wire/bytes.ts';
import { open, seal } from '../wire/crypto.ts';
import { decode, encode, MsgpackError, type MsgpackValue } from '../wire/msgpack.ts';
import { LedgerError } from './errors.ts';

/** Version of everything that a ring keeps. */
export const ringVersion = 1;
const scopePrefix = 'scope.';
const secretPrefix = 'secret.';

/** The keys of a ring by name: `scope.` and a scope's id in hex, or `secret.` and a name. */
export type RingKeys = Map<string, Uint8Array>;

/** Which of the two things that a ring keeps. */
export type ValueKind = 'root' | 'entry';

/** What binds a sealed value to its place. */
export type Sealing = {
  readonly kind: ValueKind;
  readonly ledgerId: Uint8Array;
  /** 32 bytes. */
  readonly wrapKey: Uint8Array;
  /** 24 bytes, never used before with this key. */
  readonly nonce: Uint8Array;
};

/** Name of a scope's key. */
export function scopeName(scope: string): string {
  return scopePrefix + scope;
}

/** Name of a secret's key. */
export function secretName(name: string): string {
  return secretPrefix + name;
}

/** Bytes that keys take in a box, at most: 53 for that of a scope. */
export function boxedBytes(keys: RingKeys): number {
  let size = 0;
  for (const [name, key] of keys)
    size += 1 + packedBytes(storedName(name).length) + packedBytes(key.length);
  return size;
}

/** `[header, box]`: the header in clear and bound, the keys in the box. */
export function sealValue(sealing: Sealing, header: Uint8Array, keys: RingKeys): Uint8Array {
  const contents = encode([...keys].map(([name, key]) => [storedName(name), key]));
  const box = seal(sealing.wrapKey, sealing.nonce, boundTo(sealing, header), contents);
  contents.fill(0);
  return encode([header, box]);
}

/**
 * The keys in a box, each in an array of its own.
 * @returns `undefined` when the box does not open under this key, at this place
 * @throws LedgerError RING_MALFORMED
 */
export function openBox(
  sealing: Sealing,
  header: Uint8Array,
  box: Uint8Array,
): RingKeys | undefined {
  const contents = open(sealing.wrapKey, sealing.nonce, boundTo(sealing, header), box);
  if (contents === undefined) return undefined;
  const keys: RingKeys = new Map();
  for (const part of arrayIn(contents)) {
    const [name, key] = Array.isArray(part) ? part : [];
    if (!(key instanceof Uint8Array)) throw malformed('a key is not bytes');
    keys.set(nameFrom(name), key);
  }
  contents.fill(0);
  return keys;
}

/**
 * The two halves of a stored value, which is attacker-controlled.
 * @throws LedgerError RING_MALFORMED
 */
export function halvesOf(bytes: Uint8Array): {
  readonly header: Uint8Array;
  readonly box: Uint8Array;
} {
  const [header, box, ...more] = arrayIn(bytes);
  if (header instanceof Uint8Array && box instanceof Uint8Array && more.length === 0)
    return { header, box };
  throw malformed('a value is not a header and a box');
}

/**
 * The parts of a header, after its version.
 * @throws LedgerError RING_MALFORMED
 */
export function headerParts(header: Uint8Array, count: number): readonly MsgpackValue[] {
  const [version, ...parts] = arrayIn(header);
  if (version !== ringVersion) throw malformed('another version');
  if (parts.length !== count) throw malformed(`a header is not ${count + 1} parts`);
  return parts;
}

/** Whether a part is an integer within bounds. */
export function inRange(
  value: MsgpackValue | undefined,
  min: number,
  max: number,
): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

/** Whether a part is bytes of this length. */
export function isBytes(value: MsgpackValue | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

/** What is kept is no ring, or not the one that was written. */
export function malformed(what: string): LedgerError {
  return new LedgerError('RING_MALFORMED', `the keyring is damaged: ${what}`);
}

function arrayIn(bytes: Uint8Array): readonly MsgpackValue[] {
  try {
    const value = decode(bytes);
    if (Array.isArray(value)) return value as readonly MsgpackValue[];
  } catch (error) {
    if (!(error instanceof MsgpackError)) throw error;
  }
  throw malformed('a value is no array');
}

function boundTo({ kind, ledgerId }: Sealing, header: Uint8Array): Uint8Array {
  return concat(utf8(`cambium/ring/${kind}/v1\0`), ledgerId, header);
}

/** Bytes of msgpack for text or binary of this length, at most. */
function packedBytes(length: number): number {
  return length + (length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5);
}

/** A scope's id is kept as 16 bytes: there are many of them, and a root is one message. */
function storedName(name: string): string | Uint8Array {
  return name.startsWith(scopePrefix)
    ? fromHex(name.slice(scopePrefix.length))
    : name.slice(secretPrefix.length);
}

function nameFrom(stored: MsgpackValue | undefined): string {
  if (typeof stored === 'string') return secretName(stored);
  if (isBytes(stored, 16)) return scopeName(toHex(stored));
  throw malformed('a key has no name');
}
