import { fromBase64, toBase64, toHex } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import { type NoteKey, noteKey } from './note-key.ts';
import { type Note, type NoteFault, openNote, signNote } from './signed-note.ts';
import { type TreeHead, treeHashBytes } from './tree.ts';

/** A tree head of one log (C2SP tlog-checkpoint). */
export type Checkpoint = TreeHead & {
  /** Name of the log: `cambium.vault/<ledger id>` for a ledger. */
  readonly origin: string;
};

/** Whose checkpoints are believed. */
export type Log = {
  readonly origin: string;
  /** Of type `note`. Several, because a log's key may change. */
  readonly keys: readonly NoteKey[];
};

/** Why a checkpoint is not believed; `foreign` is one of another log, signed by a key of this one. */
export type CheckpointFault = NoteFault | 'foreign';

/** A checkpoint that a known key signed, or why it is not believed. */
export type OpenedCheckpoint =
  | {
      readonly ok: true;
      readonly checkpoint: Checkpoint;
      readonly note: Note;
      /** Who of the known keys signed it. */
      readonly by: readonly NoteKey[];
    }
  | { readonly ok: false; readonly reason: CheckpointFault };

/** Origin of a ledger's checkpoints, and the name of the key that signs them. */
export function ledgerOrigin(ledgerId: Uint8Array): string {
  return `cambium.vault/${toHex(ledgerId)}`;
}

/**
 * A ledger as a log: what a witness, or whoever opens its checkpoints, has to know.
 * @param publicKeys - those that its commits were ever signed with, 32 bytes each
 */
export function ledgerLog(ledgerId: Uint8Array, publicKeys: readonly Uint8Array[]): Log {
  const origin = ledgerOrigin(ledgerId);
  return { origin, keys: publicKeys.map((key) => noteKey('note', origin, key)) };
}

/** Text of a checkpoint: three lines. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/**
 * The checkpoint in a note's text; `undefined` when it is none, or its size is above 2^53 - 1.
 * Extension lines are let through, and mean nothing.
 */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  if (!text.endsWith('\n')) return undefined;
  const lines = text.slice(0, -1).split('\n');
  const [origin = '', decimal = '', base64 = ''] = lines;
  const size = parseSize(decimal);
  const root = rootIn(base64);
  if (lines.some((line) => line === '') || size === undefined || root === undefined)
    return undefined;
  return { origin, size, root };
}

/** A size in decimal without leading zeros; `undefined` when it is none, or above 2^53 - 1. */
export function parseSize(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const size = Number(text);
  return Number.isSafeInteger(size) ? size : undefined;
}

/**
 * A ledger's checkpoint, signed: a note.
 * @param signer - the ledger's key, which signs commits too (signed-note.ts says why that is safe)
 * @throws RangeError when size or root are not those of a tree
 */
export function signCheckpoint(signer: Signer, checkpoint: Checkpoint): string {
  const text = checkpointText(checkpoint);
  if (parseCheckpoint(text) === undefined) throw new RangeError('not a checkpoint to be signed');
  return signNote(signer, checkpoint.origin, text);
}

/** The checkpoint of this log in a note that one of its keys signed. The note is attacker-controlled. */
export function openCheckpoint(text: string, log: Log): OpenedCheckpoint {
  const opened = openNote(text, log.keys);
  if (!opened.ok) return opened;
  const { note, by } = opened;
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint === undefined) return { ok: false, reason: 'malformed' };
  if (checkpoint.origin !== log.origin) return { ok: false, reason: 'foreign' };
  return { ok: true, checkpoint, note, by };
}

function rootIn(base64: string): Uint8Array | undefined {
  if (base64.length !== 44) return undefined;
  try {
    const root = fromBase64(base64);
    return root.length === treeHashBytes ? root : undefined;
  } catch {
    return undefined;
  }
}
