import { type ChainEnd, emptyChain } from '../ledger/chain-end.ts';
import { ledgerLog, openCheckpoint, parseCheckpoint } from '../ledger/checkpoint.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { type ExportEnd, type ExportFrame, malformedExport } from '../ledger/export-format.ts';
import type { VerifiedCommit } from '../ledger/reader.ts';
import { parseNote } from '../ledger/signed-note.ts';
import { extend, rootOf } from '../ledger/tree.ts';
import { equalBytes } from '../wire/bytes.ts';
import { type ExportFile, exportStore } from './export-file.ts';

type OnFrame = (frame: ExportFrame) => void | Promise<void>;

/**
 * One verification of an export, from its first byte to its last. Whoever verifies `store` hands each
 * commit to `take`, and calls `finish` after the last one.
 */
export class ExportPass {
  /** The commits; to be scanned once. */
  readonly store: CommitStore;
  /** Checkpoints that the file has, as they stand in it. */
  readonly notes: string[] = [];
  readonly #file: ExportFile;
  /** Roots at the sizes that the checkpoints tell of, as far as the ledger has come. */
  readonly #roots = new Map<number, Uint8Array | undefined>();
  #commits = 0;
  #end: ChainEnd;
  #told: ExportEnd | undefined;

  /** @param onFrame - gets every frame but the commits, in order; it is called when the commits before it verified */
  constructor(file: ExportFile, onFrame: OnFrame = () => {}) {
    this.#file = file;
    this.#end = emptyChain(file.header.ledger);
    this.store = exportStore(file, async (frame) => {
      if (frame.type === 'note') this.#watch(frame.text);
      if (frame.type === 'end') this.#told = frame.end;
      await onFrame(frame);
    });
  }

  /** The next commit of the store, verified. */
  take({ before, end, records }: VerifiedCommit): void {
    for (const size of this.#roots.keys()) {
      if (size <= before.size || size > end.size) continue;
      const leaves = records.slice(0, size - before.size).map(({ leaf }) => leaf);
      this.#roots.set(size, rootOf(extend(before.tree, leaves)));
    }
    this.#commits += 1;
    this.#end = end;
  }

  /**
   * Holds the verified ledger against what the file says of it, and against its checkpoints.
   * @throws LedgerError EXPORT_MALFORMED, CHECKPOINT_MISMATCH, ROLLED_BACK
   */
  finish(): void {
    const { size, head, tree } = this.#end;
    const told = this.#told;
    const fits =
      told !== undefined &&
      told.commits === this.#commits &&
      told.records === size &&
      equalBytes(told.head, head) &&
      equalBytes(told.root, rootOf(tree));
    if (!fits) throw malformedExport('its end tells of another ledger', size);
    for (const note of this.notes) this.#expectCheckpoint(note);
  }

  /** Who signed a checkpoint shows only at the end, but its root has to be kept on the way. */
  #watch(text: string): void {
    this.notes.push(text);
    const checkpoint = parseCheckpoint(parseNote(text)?.text ?? '');
    if (checkpoint === undefined) return;
    const { size } = checkpoint;
    this.#roots.set(size, size === 0 ? rootOf(this.#end.tree) : undefined);
  }

  #expectCheckpoint(text: string): void {
    const { id } = this.#file.header.ledger;
    const { size: records, keys } = this.#end;
    const log = ledgerLog(
      id,
      keys.map(({ publicKey }) => publicKey),
    );
    const opened = openCheckpoint(text, log);
    if (!opened.ok) {
      const what = `a checkpoint that is not of this ledger: ${opened.reason}`;
      throw new LedgerError('CHECKPOINT_MISMATCH', what, { index: records });
    }
    const { size, root } = opened.checkpoint;
    if (size > records)
      throw new LedgerError('ROLLED_BACK', `a checkpoint knows of ${size} records`, {
        index: records,
      });
    const own = this.#roots.get(size);
    if (own === undefined || !equalBytes(own, root))
      throw new LedgerError(
        'CHECKPOINT_MISMATCH',
        `a checkpoint has another root for ${size} records`,
        { index: size },
      );
  }
}
