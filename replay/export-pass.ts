import { type ChainEnd, emptyChain } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { type ExportEnd, type ExportFrame, malformedExport } from '../ledger/export-format.ts';
import { PinCheck } from '../ledger/pinned.ts';
import type { VerifiedCommit } from '../ledger/reader.ts';
import { rootOf } from '../ledger/tree.ts';
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
  readonly #checks: PinCheck[] = [];
  #commits = 0;
  #end: ChainEnd;
  #told: ExportEnd | undefined;

  /** @param onFrame - gets every frame but the commits, in order, when the commits before it have verified */
  constructor(file: ExportFile, onFrame: OnFrame = () => {}) {
    this.#file = file;
    this.#end = emptyChain(file.header.ledger);
    this.store = exportStore(file, async (frame) => {
      if (frame.type === 'note') this.#takeNote(frame.text);
      if (frame.type === 'end') this.#told = frame.end;
      await onFrame(frame);
    });
  }

  /**
   * The next commit of the store, verified.
   * @throws LedgerError FORKED when it is not the one that a checkpoint of the file covers
   */
  take(commit: VerifiedCommit): void {
    this.#commits += 1;
    this.#end = commit.end;
    for (const check of this.#checks) check.take(commit);
  }

  /**
   * Holds the verified ledger against what the file says of it, and against its checkpoints.
   * @throws LedgerError EXPORT_MALFORMED, ROLLED_BACK, PIN_INVALID
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
    for (const check of this.#checks) check.finish(this.#end);
  }

  #takeNote(note: string): void {
    this.notes.push(note);
    const pinned = { pin: `checkpoint ${this.notes.length} of the export`, note };
    this.#checks.push(new PinCheck(this.#file.header.ledger, [pinned]));
  }
}
