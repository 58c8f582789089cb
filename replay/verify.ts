import { type ChainEnd, emptyChain, type LedgerIdentity, lastKey } from '../ledger/chain-end.ts';
import { ledgerOrigin } from '../ledger/checkpoint.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError, type LedgerErrorCode } from '../ledger/errors.ts';
import { formatVkey, noteKey } from '../ledger/note-key.ts';
import { PinCheck, type Pinned } from '../ledger/pinned.ts';
import { type VerifiedCommit, verifyStore } from '../ledger/reader.ts';
import { RecordOpener, type ScopeKeys } from '../ledger/record-opener.ts';
import { rootOf } from '../ledger/tree.ts';
import { toHex } from '../wire/bytes.ts';
import { type Damage, damageOf } from './damage.ts';

/** How far a verification has come. */
export type Verified = { readonly records: number; readonly commits: number };

/** What a verification found. */
export type VerifyReport =
  | {
      readonly ok: true;
      readonly records: number;
      readonly commits: number;
      /** Chain head after the last record, hex: two ledgers with the same head are the same. */
      readonly head: string;
      /** Root of the tree over the same records, hex: what checkpoints sign. */
      readonly root: string;
      /** Key that signs its checkpoints now, as a vkey of C2SP signed-note. */
      readonly key: string;
      /** Times of the first and last record, Unix milliseconds. */
      readonly firstTime: number;
      readonly lastTime: number;
      /** Whether every body was opened too. */
      readonly opened: boolean;
      /** Names of the pins that have seen no more than is here, and nothing else. */
      readonly pins: readonly string[];
    }
  | {
      readonly ok: false;
      readonly class: Damage;
      readonly code: LedgerErrorCode;
      /** The first bad record, and the commit that holds it, counted from 1. */
      readonly index: number;
      readonly sequence: number;
      readonly message: string;
      /** What is whole before it. */
      readonly verified: Verified;
    };

/** How to verify. */
export type VerifyOptions = {
  /** With keys every body is opened as well: key commitments, seals and the chain of each scope. */
  readonly keys?: ScopeKeys;
  /** Checkpoints kept outside the store: a ledger that is shorter, or another one, is not whole. */
  readonly pinned?: readonly Pinned[];
  /** Called with each commit that verified. */
  readonly onCommit?: (commit: VerifiedCommit) => void;
  /** Called after each commit. */
  readonly onProgress?: (verified: Verified) => void;
};

/**
 * Verifies a whole stored ledger, and names and classifies the first thing that is wrong with it.
 * A tail that is missing as a whole is not noticed: that needs a pinned checkpoint.
 * @throws LedgerError STORE_UNAVAILABLE, or what the store throws, only when it cannot be asked
 */
export async function verifyLedger(
  store: CommitStore,
  identity: LedgerIdentity,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const run = new Run(store, identity, options.keys);
  try {
    const pins = new PinCheck(identity, options.pinned ?? []);
    for await (const commit of verifyStore(store, identity)) {
      run.take(commit);
      options.onCommit?.(commit);
      pins.take(commit);
      options.onProgress?.(run.verified);
    }
    pins.finish(run.end);
    return run.whole(options.pinned ?? []);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return run.broken(error);
  }
}

/** One verification: what of the store is whole. */
class Run {
  readonly #store: CommitStore;
  readonly #identity: LedgerIdentity;
  readonly #opener: RecordOpener | undefined;
  end: ChainEnd;
  #firstTime = 0;
  verified: Verified = { records: 0, commits: 0 };

  constructor(store: CommitStore, identity: LedgerIdentity, keys: ScopeKeys | undefined) {
    this.#store = store;
    this.#identity = identity;
    this.end = emptyChain(identity);
    this.#opener = keys && new RecordOpener(identity, keys);
  }

  take(commit: VerifiedCommit): void {
    const { records, commits } = this.verified;
    if (commits === 0) this.#firstTime = commit.records[0]?.header.time ?? 0;
    let opened = 0;
    for (const _ of this.#opener?.open(commit) ?? []) {
      opened += 1;
      this.verified = { records: records + opened, commits };
    }
    this.verified = { records: commit.end.size, commits: commits + 1 };
    this.end = commit.end;
  }

  whole(pinned: readonly Pinned[]): VerifyReport {
    const { head, tree, time, keys } = this.end;
    this.#opener?.finish();
    return {
      ok: true,
      ...this.verified,
      head: toHex(head),
      root: toHex(rootOf(tree)),
      key: formatVkey(noteKey('note', ledgerOrigin(this.#identity.id), lastKey(keys))),
      firstTime: this.#firstTime,
      lastTime: time,
      opened: this.#opener !== undefined,
      pins: pinned.map(({ pin }) => pin),
    };
  }

  async broken(error: LedgerError): Promise<VerifyReport> {
    const { verified } = this;
    const { keys: signers } = this.end;
    const stop = { error, expected: verified.records, signers };
    return {
      ok: false,
      class: await damageOf(this.#store, this.#identity, stop),
      code: error.code,
      index: error.index ?? verified.records,
      sequence: error.sequence ?? verified.commits + 1,
      message: error.message,
      verified,
    };
  }
}
