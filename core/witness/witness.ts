import { join } from 'node:path';
import { cosign } from '../../ledger/cosignature.ts';
import type { NoteKey } from '../../ledger/note-key.ts';
import { formatSignatureLine, isBy, type NoteSignature } from '../../ledger/signed-note.ts';
import { emptyFrontier, rootOf, type TreeHead } from '../../ledger/tree.ts';
import type { HttpAnswer } from './add-checkpoint.ts';
import { lockFolder } from './folder-lock.ts';
import { admit, judge, type Logs, type Submission, textAnswer } from './witness-judge.ts';
import { type WitnessKey, witnessKey } from './witness-key.ts';
import { openStore, type WitnessStore } from './witness-store.ts';

/** What a witness is made from. */
export type WitnessOptions = {
  /** Its folder: lock, key and state. Made if absent. */
  readonly folder: string;
  readonly logs: Logs;
  /** Its name; by default one that follows from its key. */
  readonly name?: string;
  /** Unix time in seconds. */
  readonly nowSeconds?: () => number;
};

/** A witness (C2SP tlog-witness): it cosigns what a log says only as long as the log only grows. */
export type Witness = {
  /** Its public key; `formatVkey` writes it down. */
  readonly key: NoteKey;
  /**
   * Answers one request. It never rejects: a failure is an answer without a cosignature. What it cosigned
   * is on disk before the cosignature leaves, so a kill at any moment makes it sign nothing twice over.
   */
  addCheckpoint(body: string): Promise<HttpAnswer>;
  /** Settles when its lock is lost; it cosigns nothing after that. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
};

const emptyTree: TreeHead = { size: 0, root: rootOf(emptyFrontier) };
/** Most requests of one log that wait for their turn. */
const waitingMax = 64;

/**
 * Opens the witness of a folder.
 * @throws WitnessError LOCKED, UNSUPPORTED_PLATFORM, KEY_MALFORMED, KEY_EXPOSED, STATE_DAMAGED
 */
export async function openWitness(options: WitnessOptions): Promise<Witness> {
  const { folder, logs, nowSeconds = () => Math.floor(Date.now() / 1000) } = options;
  const lock = await lockFolder(folder);
  try {
    const own = await witnessKey(folder, options.name);
    const store = await openStore(join(folder, 'logs'), own.key);
    for (const origin of logs.keys()) await store.last(origin);
    const inTurn = createTurns();
    return {
      key: own.key,
      ended: lock.ended,
      close: () => lock.release(),
      addCheckpoint: async (body) => {
        const admission = admit(body, logs);
        if (!admission.ok) return admission.answer;
        const { submission } = admission;
        return inTurn(submission.checkpoint.origin, async () =>
          lock.held() ? cosignNext(submission, own, store, nowSeconds()) : unable,
        );
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const unable = textAnswer(500, 'the witness cannot keep its state');

/** The one place where a witness signs. Runs for one submission of a log at a time. */
async function cosignNext(
  submission: Submission,
  { signer, key }: WitnessKey,
  store: WitnessStore,
  nowSeconds: number,
): Promise<HttpAnswer> {
  const { origin } = submission.checkpoint;
  const { text } = submission.note;
  const last = await store.last(origin);
  const refusal = judge(submission, last?.checkpoint ?? emptyTree);
  if (refusal !== undefined) return refusal;
  // A clock that was set back must not make a larger tree look older than a smaller one.
  const line = cosign(signer, key.name, text, Math.max(nowSeconds, last?.timeSeconds ?? 1));
  const signatures = [...evidence(submission), line];
  await store.replace(origin, last, { text, signatures });
  return { status: 200, type: 'text/plain; charset=utf-8', body: formatSignatureLine(line) };
}

/** One line of each of the log's keys: should it ever show another history, these convict it. */
function evidence({ note, by }: Submission): NoteSignature[] {
  return by.flatMap((key) => note.signatures.find((line) => isBy(line, key)) ?? []);
}

/** Runs what is done for one log after one another. What fails or waits too long is an answer. */
function createTurns() {
  const queues = new Map<string, { last: Promise<unknown>; waiting: number }>();
  return async (origin: string, work: () => Promise<HttpAnswer>): Promise<HttpAnswer> => {
    const queue = queues.get(origin) ?? { last: Promise.resolve(), waiting: 0 };
    queues.set(origin, queue);
    if (queue.waiting >= waitingMax) return textAnswer(503, 'too many requests of this log wait');
    queue.waiting += 1;
    const mine = queue.last.then(work).catch(() => unable);
    queue.last = mine;
    const answer = await mine;
    queue.waiting -= 1;
    return answer;
  };
}
