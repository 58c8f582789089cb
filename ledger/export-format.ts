import { fromBase64url, fromHex, toBase64url, toHex, utf8 } from '../wire/bytes.ts';
import { decode, encode, MsgpackError } from '../wire/msgpack.ts';
import { LedgerError } from './errors.ts';

/*
 * An export file, docs/spec/export.md: a whole ledger in one file that can be verified anywhere. What
 * is read here is attacker-controlled: every length, count and name has a limit, every frame its place,
 * and header and end have one spelling.
 */

/** First line of a file. */
export const exportMagic: Uint8Array = utf8('cambium-ledger-export 1\n');

/** Which vault's ledger it is. */
export type ExportHeader = {
  readonly vault: string;
  /** 16 bytes, and the Ed25519 key (32 bytes) that the ledger began with. */
  readonly ledger: { readonly id: Uint8Array; readonly publicKey: Uint8Array };
  /** When the vault was made, Unix time in milliseconds. */
  readonly created: number;
};

/** What stands before it, told by whoever wrote the file. */
export type ExportEnd = {
  readonly commits: number;
  readonly records: number;
  /** Chain head and root of the tree after the last record, 32 bytes each. */
  readonly head: Uint8Array;
  readonly root: Uint8Array;
};

/** Something with a name: a key of the ring, or a file. */
export type NamedBytes = { readonly name: string; readonly bytes: Uint8Array };

/** One part of a file. They stand in the order of these types. */
export type ExportFrame =
  | { readonly type: 'header'; readonly header: ExportHeader }
  /** A signed checkpoint. */
  | { readonly type: 'note'; readonly text: string }
  /** A commit's stored bytes. */
  | { readonly type: 'commit'; readonly bytes: Uint8Array }
  /** A value of the keyring, still wrapped. */
  | ({ readonly type: 'key' } & NamedBytes)
  /** A file of the data directory that another place needs. */
  | ({ readonly type: 'file' } & NamedBytes)
  | { readonly type: 'end'; readonly end: ExportEnd };

export type FrameType = ExportFrame['type'];

type FrameKind = {
  /** ASCII letter that stands for it. */
  readonly letter: number;
  /** Most bytes of its payload, and most frames of it in a file. */
  readonly bytesMax: number;
  readonly countMax: number;
};

/** In the order in which they stand in a file. */
export const frameKinds: Readonly<Record<FrameType, FrameKind>> = {
  header: { letter: 0x48, bytesMax: 4_096, countMax: 1 },
  note: { letter: 0x50, bytesMax: 262_144, countMax: 256 },
  commit: { letter: 0x43, bytesMax: 524_288, countMax: Number.MAX_SAFE_INTEGER },
  key: { letter: 0x4b, bytesMax: 65_536, countMax: 1_048_576 },
  file: { letter: 0x46, bytesMax: 8_388_608, countMax: 65_536 },
  end: { letter: 0x45, bytesMax: 4_096, countMax: 1 },
};

const keyName = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const keyNameMax = 128;
const fileName = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const fileNameMax = 255;

const headerForm =
  /^\{"v":1,"vault":"([a-z2-7]{26})","ledger":"([0-9a-f]{32})","ledger_key":"([\w-]{43})","created":(0|[1-9]\d{0,15})\}$/;
const endForm =
  /^\{"commits":(0|[1-9]\d{0,15}),"records":(0|[1-9]\d{0,15}),"head":"([0-9a-f]{64})","root":"([0-9a-f]{64})","digest":"([0-9a-f]{64})"\}$/;

/**
 * Whether a file may have this name: relative, with `/` between its parts, no part that begins with a
 * dot, 255 characters at most.
 */
export function isExportFileName(name: string): boolean {
  return name.length <= fileNameMax && fileName.test(name);
}

/**
 * Order in which keys and files stand: shorter names first, then by their letters. A ring's root stands so
 * before its entries, and these in the order of their numbers.
 */
export function compareNames(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}

/**
 * A file that is not an export, or was damaged.
 * @param index - count of records that were whole, where it is known
 */
export function malformedExport(what: string, index?: number): LedgerError {
  const where = index === undefined ? {} : { index };
  return new LedgerError('EXPORT_MALFORMED', `not a whole export: ${what}`, where);
}

/** Payload of a frame. That of the end has the digest (32 bytes) of all bytes before its frame. */
export function encodePayload(frame: ExportFrame, digest: Uint8Array): Uint8Array {
  switch (frame.type) {
    case 'header':
      return encodeHeader(frame.header);
    case 'note':
      return utf8(frame.text);
    case 'commit':
      return frame.bytes;
    case 'key':
    case 'file':
      return encode([frame.name, frame.bytes]);
    case 'end':
      return encodeEnd(frame.end, digest);
  }
}

/**
 * Reads a payload; that of the end has to tell this digest.
 * @throws LedgerError EXPORT_MALFORMED
 */
export function decodePayload(
  type: FrameType,
  payload: Uint8Array,
  digest: () => Uint8Array,
): ExportFrame {
  switch (type) {
    case 'header':
      return { type, header: decodeHeader(payload) };
    case 'note':
      return { type, text: decodeNote(payload) };
    case 'commit':
      return { type, bytes: payload };
    case 'key':
      return {
        type,
        ...decodeNamed(payload, (name) => name.length <= keyNameMax && keyName.test(name)),
      };
    case 'file':
      return { type, ...decodeNamed(payload, isExportFileName) };
    case 'end':
      return { type, end: decodeEnd(payload, digest()) };
  }
}

function encodeHeader({ vault, ledger, created }: ExportHeader): Uint8Array {
  const { id, publicKey } = ledger;
  const header = { v: 1, vault, ledger: toHex(id), ledger_key: toBase64url(publicKey), created };
  return utf8(JSON.stringify(header));
}

function decodeHeader(payload: Uint8Array): ExportHeader {
  const [vault, id, key, created] = match(headerForm, payload, 'header');
  return {
    vault,
    ledger: { id: fromHex(id), publicKey: keyFrom(key) },
    created: numberFrom(created),
  };
}

function encodeEnd({ commits, records, head, root }: ExportEnd, digest: Uint8Array): Uint8Array {
  const hashes = { head: toHex(head), root: toHex(root), digest: toHex(digest) };
  return utf8(JSON.stringify({ commits, records, ...hashes }));
}

function decodeEnd(payload: Uint8Array, digest: Uint8Array): ExportEnd {
  const [commits, records, head, root, told] = match(endForm, payload, 'end');
  if (told !== toHex(digest)) throw malformedExport('its bytes are not those that were written');
  return {
    commits: numberFrom(commits),
    records: numberFrom(records),
    head: fromHex(head),
    root: fromHex(root),
  };
}

type Groups = readonly [string, string, string, string, string];

function match(form: RegExp, payload: Uint8Array, what: string): Groups {
  const found = form.exec(textFrom(payload));
  if (found === null) throw malformedExport(`not the form of its ${what}`);
  const [, a = '', b = '', c = '', d = '', e = ''] = found;
  return [a, b, c, d, e];
}

function numberFrom(decimal: string): number {
  const number = Number(decimal);
  if (!Number.isSafeInteger(number)) throw malformedExport('a number too large');
  return number;
}

function keyFrom(text: string): Uint8Array {
  try {
    return fromBase64url(text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw malformedExport('the key of its ledger');
  }
}

function decodeNote(payload: Uint8Array): string {
  const text = textFrom(payload);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 0x0a) throw malformedExport('a note with control characters');
  }
  if (!text.endsWith('\n')) throw malformedExport('a note without its end');
  return text;
}

function decodeNamed(payload: Uint8Array, isName: (name: string) => boolean): NamedBytes {
  const value = decoded(payload);
  const [name, bytes] = Array.isArray(value) && value.length === 2 ? value : [];
  if (typeof name !== 'string' || !(bytes instanceof Uint8Array))
    throw malformedExport('not a name and bytes');
  if (!isName(name)) throw malformedExport('not a name');
  return { name, bytes };
}

function decoded(payload: Uint8Array): unknown {
  try {
    return decode(payload);
  } catch (error) {
    if (error instanceof MsgpackError) throw malformedExport(error.message);
    throw error;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textFrom(payload: Uint8Array): string {
  try {
    return decoder.decode(payload);
  } catch {
    throw malformedExport('text that is not UTF-8');
  }
}
