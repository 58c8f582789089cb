import { type ChainEnd, emptyChain } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import {
  compareNames,
  type ExportEnd,
  type ExportFrame,
  type ExportHeader,
  type NamedBytes,
} from '../ledger/export-format.ts';
import { ExportWriter } from '../ledger/export-writer.ts';
import { PinCheck, type Pinned } from '../ledger/pinned.ts';
import { verifyStore } from '../ledger/reader.ts';
import { beginsWith } from '../ledger/ring-copy.ts';
import { rootOf } from '../ledger/tree.ts';
import { ReplayError } from './errors.ts';
import type { Verified } from './verify.ts';

/** What goes into an export. */
export type ExportSource = {
  readonly header: ExportHeader;
  /** Checkpoints of this ledger that are kept outside it, read before the store is. */
  readonly pinned: readonly Pinned[];
  readonly store: CommitStore;
  /** What the keyring keeps, wrapped: its root, then what came since. */
  readonly ring: () => Promise<readonly NamedBytes[]>;
  /** Files of the data directory that another place needs. */
  readonly files: () => Promise<readonly NamedBytes[]>;
};

/** What was exported. */
export type Exported = ExportEnd & {
  /** Values of the keyring, and files. */
  readonly keys: readonly NamedBytes[];
  readonly files: readonly NamedBytes[];
  /** Bytes of the whole. */
  readonly bytes: number;
};

/**
 * Writes a whole ledger as one file, verifying it on the way; memory does not grow with it. May run
 * beside the vault: what is appended meanwhile may be in it or not.
 * @param write - takes the next bytes of the file, and resolves when it wants more
 * @throws LedgerError at the first record that is not whole, or not the one that was pinned; ReplayError
 * RING_CHANGED when something was erased meanwhile. What was written before is worth nothing then.
 */
export async function exportLedger(
  source: ExportSource,
  write: (bytes: Uint8Array) => Promise<void>,
  onProgress: (verified: Verified) => void = () => {},
): Promise<Exported> {
  const sink = new Sink(write);
  await sink.begin();
  await sink.add({ type: 'header', header: source.header });
  for (const { note } of source.pinned) await sink.add({ type: 'note', text: note });
  const ringBefore = await source.ring();
  const { end, commits } = await addCommits(source, sink, onProgress);
  // After the commits: a key is durable before the first record under it.
  const ring = await source.ring();
  expectGrown(ringBefore, ring);
  await addNamed(sink, 'key', ring);
  const files = await source.files();
  await addNamed(sink, 'file', files);
  const { size: records, head, tree } = end;
  const told = { commits, records, head, root: rootOf(tree) };
  await sink.add({ type: 'end', end: told });
  return { ...told, keys: ring, files, bytes: sink.bytes };
}

async function addCommits(
  { store, header, pinned }: ExportSource,
  sink: Sink,
  onProgress: (verified: Verified) => void,
): Promise<{ end: ChainEnd; commits: number }> {
  const pins = new PinCheck(header.ledger, pinned);
  let end = emptyChain(header.ledger);
  let commits = 0;
  for await (const commit of verifyStore(store, header.ledger)) {
    pins.take(commit);
    await sink.add({ type: 'commit', bytes: commit.bytes });
    end = commit.end;
    commits += 1;
    onProgress({ records: end.size, commits });
  }
  pins.finish(end);
  return { end, commits };
}

async function addNamed(
  sink: Sink,
  type: 'key' | 'file',
  values: readonly NamedBytes[],
): Promise<void> {
  for (const { name, bytes } of values.toSorted((a, b) => compareNames(a.name, b.name)))
    await sink.add({ type, name, bytes });
}

/**
 * A ring only grows, but for an erasure, which takes keys away under a new root. One that came between
 * our reading of commits and ring would leave records without a key and without a word why.
 */
function expectGrown(before: readonly NamedBytes[], after: readonly NamedBytes[]): void {
  if (!beginsWith(after, before))
    throw new ReplayError('RING_CHANGED', 'something was erased meanwhile; export once more');
}

class Sink {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #writer = new ExportWriter();
  bytes = 0;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  begin(): Promise<void> {
    return this.#add(this.#writer.begin());
  }

  add(frame: ExportFrame): Promise<void> {
    return this.#add(this.#writer.frame(frame));
  }

  async #add(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    await this.#write(bytes);
  }
}
