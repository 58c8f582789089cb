import { parseSize } from '../../ledger/checkpoint.ts';
import { noteBytesMax } from '../../ledger/signed-note.ts';
import { treeHashBytes } from '../../ledger/tree.ts';
import { fromBase64, toBase64 } from '../../wire/bytes.ts';

/*
 * C2SP tlog-witness, `POST <prefix>/add-checkpoint`: what is sent, and what HTTP makes of the answer.
 * Both come from the other side, so both are attacker-controlled.
 */

/** A checkpoint for a witness, with the proof that it grew out of the last one it cosigned. */
export type AddCheckpoint = {
  /** Size of the last checkpoint that the witness cosigned, as the sender believes; 0 for none. */
  readonly oldSize: number;
  /** Consistency proof from there (RFC 6962 §2.1.2), 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  /** The signed note. */
  readonly note: string;
};

/** What HTTP brings back. */
export type HttpAnswer = {
  readonly status: number;
  /** Its Content-Type, as it was sent; empty when there was none. */
  readonly type: string;
  readonly body: string;
};

/** What a post brought: the witness's answer, or why there is none. Nothing of it is authentic. */
export type Posted =
  | { readonly ok: true; readonly answer: HttpAnswer }
  | { readonly ok: false; readonly detail: string };

/** Most lines of a proof. */
export const proofLinesMax = 63;
/** Most bytes of a request: a note, and a proof before it. */
export const requestBytesMax: number = noteBytesMax + 64 * 64;
/** Most bytes of an answer's body: cosignatures of several keys, of any kind. */
export const answerBytesMax: number = 64 * 1024;
/** Content-Type of an answer that names the size of the last checkpoint. */
export const sizeType = 'text/x.tlog.size';

/** Body of a request. */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  const lines = proof.map((hash) => `${toBase64(hash)}\n`);
  return `old ${oldSize}\n${lines.join('')}\n${note}`;
}

/** The request in a body; `undefined` when it is none. The note in it is as it came. */
export function parseAddCheckpoint(body: string): AddCheckpoint | undefined {
  const end = body.indexOf('\n\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = body.slice(0, end).split('\n');
  const oldSize = first.startsWith('old ') ? parseSize(first.slice(4)) : undefined;
  if (oldSize === undefined || lines.length > proofLinesMax) return undefined;
  const proof = lines.map(parseHash);
  if (!proof.every((hash) => hash !== undefined)) return undefined;
  return { oldSize, proof, note: body.slice(end + 2) };
}

/** The URL to post to, under a witness's submission prefix. */
export function addCheckpointUrl(prefix: string): string {
  return `${prefix.replace(/\/+$/, '')}/add-checkpoint`;
}

function parseHash(line: string): Uint8Array | undefined {
  try {
    const hash = fromBase64(line);
    return hash.length === treeHashBytes ? hash : undefined;
  } catch {
    return undefined;
  }
}
