import { concat, equalBytes, fromBase64, toBase64, utf8 } from '../wire/bytes.ts';
import { type Signer, verifyText } from '../wire/crypto.ts';
import { isKeyName, type NoteKey, noteKey } from './note-key.ts';

/*
 * C2SP signed-note: a text, an empty line, signature lines. A note comes from anywhere, so it is
 * attacker-controlled, and its text says nothing before a known key has signed it.
 *
 * The ledger's key signs commits and notes. Commits are signed under a domain, and a domain ends with
 * a zero byte; a note has no control character but the line feed. So neither is ever the other.
 */

/** Most bytes of a note: room for the 16 signatures of any kind that every reader has to take. */
export const noteBytesMax: number = 256 * 1024;
/** Most signature lines. */
export const noteSignaturesMax = 64;

/** One signature line. */
export type NoteSignature = {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  /** What the key's type says; at least one byte. */
  readonly signature: Uint8Array;
};

/** A note, in form. Nothing here is authentic before `openNote`. */
export type Note = {
  /** Ends with a line feed. */
  readonly text: string;
  /** In their order, those of unknown keys too. */
  readonly signatures: readonly NoteSignature[];
};

/** Why a note is not believed. */
export type NoteFault =
  /** No note. */
  | 'malformed'
  /** No line is by a key that is known. */
  | 'unsigned'
  /** A line names a known key, which did not sign this text. */
  | 'forged';

/** A note that is believed, or why it is not. */
export type OpenedNote =
  | { readonly ok: true; readonly note: Note; readonly by: readonly NoteKey[] }
  | { readonly ok: false; readonly reason: NoteFault };

/** The note in a text; `undefined` when it is none. Its form is checked, not its signatures. */
export function parseNote(note: string): Note | undefined {
  if (note.length > noteBytesMax || utf8(note).length > noteBytesMax) return undefined;
  if (!hasNoteCharacters(note)) return undefined;
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > noteSignaturesMax) return undefined;
  const signatures = lines.map(parseSignatureLine);
  if (!signatures.every((signature) => signature !== undefined)) return undefined;
  return { text: note.slice(0, split + 1), signatures };
}

/** The signature in one line, without its line feed; `undefined` when it is none. */
export function parseSignatureLine(line: string): NoteSignature | undefined {
  const [, name = '', base64 = ''] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  if (!isKeyName(name) || !hasNoteCharacters(line)) return undefined;
  const bytes = base64Bytes(base64);
  if (bytes === undefined || bytes.length < 5) return undefined;
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** One signature as a line, with its line feed. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `\u2014 ${name} ${toBase64(concat(keyId, signature))}\n`;
}

/** The note as text. `parseNote` gives it back. */
export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`;
}

/**
 * A note of this text, signed by one key.
 * @param text - ends with a line feed, and has no other control character
 * @throws RangeError when it is not such a text, or `name` is no name of a key
 */
export function signNote(signer: Signer, name: string, text: string): string {
  if (!text.endsWith('\n') || !hasNoteCharacters(text))
    throw new RangeError('not the text of a note');
  const { id } = noteKey('note', name, signer.publicKey);
  const signature = { name, keyId: id, signature: signer.signText(text) };
  return formatNote({ text, signatures: [signature] });
}

/**
 * Believes a note that one of `keys` signed. A line that names a known key and does not verify refuses
 * the whole note; lines of unknown keys are kept, and say nothing.
 * @param keys - of type `note`
 */
export function openNote(text: string, keys: readonly NoteKey[]): OpenedNote {
  const note = parseNote(text);
  if (note === undefined) return { ok: false, reason: 'malformed' };
  const by: NoteKey[] = [];
  for (const line of note.signatures) {
    const named = keys.filter((key) => key.type === 'note' && isBy(line, key));
    if (named.length === 0) continue;
    const signer = named.find((key) => verifyText(key.publicKey, note.text, line.signature));
    if (signer === undefined) return { ok: false, reason: 'forged' };
    if (!by.includes(signer)) by.push(signer);
  }
  return by.length > 0 ? { ok: true, note, by } : { ok: false, reason: 'unsigned' };
}

/** Whether a line names this key. It proves nothing yet. */
export function isBy(line: NoteSignature, key: NoteKey): boolean {
  return line.name === key.name && equalBytes(line.keyId, key.id);
}

/** Well-formed Unicode, and no control character below U+0020 but the line feed. */
function hasNoteCharacters(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 && code !== 0x0a) return false;
    if (code >= 0xd800 && code <= 0xdfff) return false;
  }
  return true;
}

function base64Bytes(text: string): Uint8Array | undefined {
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}
