import { concat, u64 } from '../wire/bytes.ts';
import { type Signer, verifyText } from '../wire/crypto.ts';
import { type NoteKey, noteKey } from './note-key.ts';
import { isBy, type Note, type NoteSignature } from './signed-note.ts';

/*
 * C2SP tlog-cosignature, cosignature/v1: a witness says that at this time the tree head of this
 * checkpoint was the largest it had seen of the log, and grew out of all it had seen before.
 */

/** Timestamp and signature, in bytes. */
const cosignatureBytes = 8 + 64;

/**
 * A witness's signature over a checkpoint. Whoever calls it has checked that the log only grew.
 * @param name - the witness's, which stands in the line
 * @param text - the checkpoint's, without signature lines
 * @param timeSeconds - Unix time
 * @throws RangeError when the time is no integer from 1 to 2^53 - 1, or `name` no name of a key
 */
export function cosign(
  signer: Signer,
  name: string,
  text: string,
  timeSeconds: number,
): NoteSignature {
  const { id } = noteKey('cosignature', name, signer.publicKey);
  const time = u64(timeSeconds);
  if (timeSeconds === 0) throw new RangeError('a cosignature has a time');
  return { name, keyId: id, signature: concat(time, signer.signText(message(text, timeSeconds))) };
}

/**
 * When the witness of `key` saw this checkpoint: Unix time in seconds. `undefined` when the line is not
 * its cosignature of this text. The line is attacker-controlled, the time as the witness says it.
 */
export function verifyCosignature(
  key: NoteKey,
  text: string,
  line: NoteSignature,
): number | undefined {
  if (key.type !== 'cosignature' || !isBy(line, key)) return undefined;
  if (line.signature.length !== cosignatureBytes) return undefined;
  const timeSeconds = timeOf(line.signature);
  if (timeSeconds === undefined) return undefined;
  const signed = message(text, timeSeconds);
  return verifyText(key.publicKey, signed, line.signature.subarray(8)) ? timeSeconds : undefined;
}

/** A cosignature that verifies. */
export type Cosigned = {
  readonly line: NoteSignature;
  /** Unix time, by the witness's clock. */
  readonly timeSeconds: number;
};

/** The latest good cosignature of one witness in a note's lines. Bad ones and those of others are passed over. */
export function cosignatureBy(key: NoteKey, note: Note): Cosigned | undefined {
  let latest: Cosigned | undefined;
  for (const line of note.signatures) {
    const timeSeconds = verifyCosignature(key, note.text, line);
    if (timeSeconds === undefined) continue;
    if (latest === undefined || timeSeconds > latest.timeSeconds) latest = { line, timeSeconds };
  }
  return latest;
}

/** Its first two lines are the domain: a checkpoint has a bare number in the second. */
function message(text: string, timeSeconds: number): string {
  return `cosignature/v1\ntime ${timeSeconds}\n${text}`;
}

function timeOf(signature: Uint8Array): number | undefined {
  const view = new DataView(signature.buffer, signature.byteOffset);
  const time = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  return Number.isSafeInteger(time) && time > 0 ? time : undefined;
}
