import { parseSize } from '../../ledger/checkpoint.ts';
import { verifyCosignature } from '../../ledger/cosignature.ts';
import type { NoteKey } from '../../ledger/note-key.ts';
import {
  type Note,
  type NoteSignature,
  noteSignaturesMax,
  parseSignatureLine,
} from '../../ledger/signed-note.ts';
import { formatAddCheckpoint, type HttpAnswer, type Posted, sizeType } from './add-checkpoint.ts';

/*
 * The log's side of C2SP tlog-witness, without HTTP. Only a cosignature is authentic. Every other answer
 * may come from whoever stands between, so it says what is claimed, and proves nothing.
 */

/** What a witness said about a checkpoint. */
export type WitnessVerdict =
  /** It has seen this checkpoint, and nothing that contradicts it. The only answer that is proved. */
  | {
      readonly outcome: 'cosigned';
      readonly line: NoteSignature;
      /** Unix time, by the witness's clock. */
      readonly timeSeconds: number;
    }
  /** It last cosigned this size, which the proof does not begin at. */
  | { readonly outcome: 'stale'; readonly size: number }
  /** It has cosigned a larger tree: this ledger was rolled back, or runs twice. */
  | { readonly outcome: 'ahead'; readonly size: number }
  /** It has cosigned a tree that this one does not continue. */
  | { readonly outcome: 'forked'; readonly detail: string }
  /** It does not know the log or its key, or cannot read the request. */
  | { readonly outcome: 'refused'; readonly detail: string }
  /** No answer, or one that means nothing. */
  | { readonly outcome: 'unavailable'; readonly detail: string };

/** What was asked. */
export type Asked = {
  /** Of the witness, type `cosignature`. */
  readonly key: NoteKey;
  readonly note: Note;
  /** Size of the checkpoint in the note. */
  readonly size: number;
  /** Where the proof began. */
  readonly oldSize: number;
};

/** What an answer of a witness means. The answer is attacker-controlled. */
export function judgeAnswer(answer: HttpAnswer, asked: Asked): WitnessVerdict {
  const { status } = answer;
  if (status === 200) return cosigned(answer.body, asked);
  if (status === 409) return conflict(answer, asked);
  if (status === 422)
    return { outcome: 'forked', detail: 'it does not continue what was cosigned' };
  if (status === 400 || status === 403 || status === 404)
    return { outcome: 'refused', detail: refusals[status] };
  return { outcome: 'unavailable', detail: `it answered ${status}` };
}

/** How a witness is asked. */
export type Asking = {
  /** Posts a body to the witness's `add-checkpoint`. */
  readonly post: (body: string) => Promise<Posted>;
  readonly key: NoteKey;
  readonly note: Note;
  /** The same note, as text. */
  readonly text: string;
  /** Size of the checkpoint in the note. */
  readonly size: number;
  /** Size that the witness last cosigned, as far as is known; 0 for nothing. */
  readonly knownSize: number;
  /** Consistency proof from an older size to this one; from 0, and from the size itself, it is empty. */
  readonly prove: (oldSize: number) => Promise<readonly Uint8Array[]>;
};

/** Postings until a witness has to have said where it stands. */
const attemptsMax = 3;

/**
 * Asks a witness for its cosignature. When it stands elsewhere than was known, asks again with a proof
 * from there. Never `stale`: a witness that keeps changing its mind is `unavailable`.
 */
export async function askWitness(asking: Asking): Promise<WitnessVerdict> {
  const { key, note, text, size, prove, post } = asking;
  let oldSize = Math.min(asking.knownSize, size);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const proof = await prove(oldSize);
    const posted = await post(formatAddCheckpoint({ oldSize, proof, note: text }));
    if (!posted.ok) return { outcome: 'unavailable', detail: posted.detail };
    const verdict = judgeAnswer(posted.answer, { key, note, size, oldSize });
    if (verdict.outcome !== 'stale') return verdict;
    oldSize = verdict.size;
  }
  return { outcome: 'unavailable', detail: 'it keeps changing its mind' };
}

const refusals = {
  400: 'it cannot read the request',
  403: 'it does not know the key that signed',
  404: 'it does not know this log',
} as const;

function cosigned(body: string, { key, note }: Asked): WitnessVerdict {
  const lines = body.endsWith('\n') ? body.slice(0, -1).split('\n') : [];
  if (lines.length > noteSignaturesMax) return nothing;
  for (const text of lines) {
    const line = parseSignatureLine(text);
    const timeSeconds = line && verifyCosignature(key, note.text, line);
    if (line !== undefined && timeSeconds !== undefined)
      return { outcome: 'cosigned', line, timeSeconds };
  }
  return nothing;
}

const nothing: WitnessVerdict = {
  outcome: 'unavailable',
  detail: 'its answer holds no good cosignature',
};

function conflict({ type, body }: HttpAnswer, { size, oldSize }: Asked): WitnessVerdict {
  if (type.split(';')[0]?.trim() !== sizeType)
    return { outcome: 'forked', detail: 'another root of this size was cosigned' };
  const last = body.endsWith('\n') ? parseSize(body.slice(0, -1)) : undefined;
  if (last === undefined) return { outcome: 'unavailable', detail: 'its conflict names no size' };
  if (last > size) return { outcome: 'ahead', size: last };
  if (last === oldSize) return { outcome: 'unavailable', detail: 'its conflict is none' };
  return { outcome: 'stale', size: last };
}
