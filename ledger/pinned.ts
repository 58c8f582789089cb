import { equalBytes } from '../wire/bytes.ts';
import type { ChainEnd, LedgerIdentity } from './chain-end.ts';
import { type Checkpoint, ledgerLog, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { LedgerError } from './errors.ts';
import type { VerifiedCommit } from './reader.ts';
import { parseNote } from './signed-note.ts';
import { extend, rootOf } from './tree.ts';

/** A checkpoint kept outside the store, and where: it may be forged, but it cannot be rolled back with the store. */
export type Pinned = {
  /** Name of the pin, for a person. */
  readonly pin: string;
  /** Signed note. */
  readonly note: string;
};

type Expected = Pinned & Checkpoint;

/**
 * Holds a ledger, while it is read, against the checkpoints that were pinned of it.
 */
export class PinCheck {
  readonly #identity: LedgerIdentity;
  readonly #expected: readonly Expected[];

  /** @throws LedgerError PIN_INVALID when a note is no checkpoint at all */
  constructor(identity: LedgerIdentity, pinned: readonly Pinned[]) {
    this.#identity = identity;
    this.#expected = pinned.map(expected);
  }

  /**
   * The next commit that verified.
   * @throws LedgerError FORKED when the tree is not the one that a pin saw
   */
  take({ before, records, end }: Pick<VerifiedCommit, 'before' | 'records' | 'end'>): void {
    for (const { pin, size, root } of this.#expected) {
      if (size <= before.size || size > end.size) continue;
      const leaves = records.slice(0, size - before.size).map(({ leaf }) => leaf);
      if (equalBytes(rootOf(extend(before.tree, leaves)), root)) continue;
      throw new LedgerError('FORKED', `another history than ${pin} saw in its ${size} records`, {
        index: size - 1,
      });
    }
  }

  /**
   * The whole ledger was read.
   * @throws LedgerError ROLLED_BACK when it is shorter than a pin, PIN_INVALID when a pin is not signed
   */
  finish(end: ChainEnd): void {
    for (const { pin, size } of this.#expected)
      if (size > end.size)
        throw new LedgerError(
          'ROLLED_BACK',
          `${pin} has seen ${size} records, and here are ${end.size}`,
          { index: end.size },
        );
    const { id } = this.#identity;
    const log = ledgerLog(
      id,
      end.keys.map(({ publicKey }) => publicKey),
    );
    for (const { pin, note } of this.#expected) {
      const opened = openCheckpoint(note, log);
      if (!opened.ok) throw new LedgerError('PIN_INVALID', `what ${pin} keeps is ${opened.reason}`);
    }
  }
}

function expected({ pin, note }: Pinned): Expected {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  if (checkpoint === undefined)
    throw new LedgerError('PIN_INVALID', `what ${pin} keeps is no checkpoint`);
  return { pin, note, ...checkpoint };
}
