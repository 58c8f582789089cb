import {
  type Checkpoint,
  type Log,
  openCheckpoint,
  parseCheckpoint,
} from '../../ledger/checkpoint.ts';
import type { NoteKey } from '../../ledger/note-key.ts';
import { verifyConsistency } from '../../ledger/proofs.ts';
import { type Note, parseNote } from '../../ledger/signed-note.ts';
import type { TreeHead } from '../../ledger/tree.ts';
import { equalBytes } from '../../wire/bytes.ts';
import { type HttpAnswer, parseAddCheckpoint, sizeType } from './add-checkpoint.ts';

/*
 * What a witness has to check, in the order of C2SP tlog-witness, without any IO. What does not depend
 * on what it cosigned before comes first: strangers do not get as far as the state.
 */

/** A request of a known log, with a signature of it that is good. */
export type Submission = {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  /** Which of the log's keys signed it. */
  readonly by: readonly NoteKey[];
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
};

/** A submission, or what to answer. */
export type Admission =
  | { readonly ok: true; readonly submission: Submission }
  | { readonly ok: false; readonly answer: HttpAnswer };

/** Logs that a witness knows, by origin. */
export type Logs = ReadonlyMap<string, Log>;

/** Whether a request is one, from a known log, and signed by it. */
export function admit(body: string, logs: Logs): Admission {
  const request = parseAddCheckpoint(body);
  const note = request && parseNote(request.note);
  const claimed = note && parseCheckpoint(note.text);
  if (request === undefined || claimed === undefined)
    return refused(400, 'not an add-checkpoint request');
  const log = logs.get(claimed.origin);
  if (log === undefined) return refused(404, 'this log is not known here');
  const opened = openCheckpoint(request.note, log);
  if (!opened.ok) return refused(403, `no good signature of this log (${opened.reason})`);
  const { oldSize, proof } = request;
  if (oldSize > claimed.size) return refused(400, 'the old size is greater than the new one');
  return { ok: true, submission: { ...opened, oldSize, proof } };
}

/**
 * Whether the log only grew since `last`.
 * @param last - the tree head that was last cosigned for this log; the empty tree for none
 * @returns `undefined` when it may be cosigned, or what to answer
 */
export function judge(submission: Submission, last: TreeHead): HttpAnswer | undefined {
  const { checkpoint, oldSize, proof } = submission;
  if (oldSize !== last.size) return { status: 409, type: sizeType, body: `${last.size}\n` };
  if (checkpoint.size === last.size && !equalBytes(checkpoint.root, last.root))
    return textAnswer(409, 'another root of this size has been cosigned');
  if (!verifyConsistency(last, checkpoint, proof))
    return textAnswer(422, 'the consistency proof does not verify');
  return undefined;
}

/** An answer in words. */
export function textAnswer(status: number, text: string): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function refused(status: number, text: string): Admission {
  return { ok: false, answer: textAnswer(status, text) };
}
