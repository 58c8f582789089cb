import type { Signer } from '../wire/crypto.ts';
import { LedgerBatch, type SealedFacts } from './batch.ts';
import type { Draft, LedgerRecord } from './bodies.ts';
import { type ChainEnd, emptyChain, type LedgerIdentity, lastKey } from './chain-end.ts';
import type { CommitStore } from './commit-store.ts';
import { CommitWriter } from './commit-writer.ts';
import { LedgerError } from './errors.ts';
import { checkpointOf } from './ledger-checkpoint.ts';
import { PinCheck, type Pinned } from './pinned.ts';
import { verifyStore } from './reader.ts';
import { RecordOpener, type ScopeKeys } from './record-opener.ts';
import { type PlacedRotation, signRotation } from './rotation.ts';
import { ScopeChains } from './scope-chains.ts';
import { Tiles } from './tiles.ts';

/** What a ledger is made of. */
export type LedgerParts = {
  readonly store: CommitStore;
  readonly identity: LedgerIdentity;
  /** Signs with one of the ledger's keys; `undefined` for a key that we do not have. */
  readonly signerFor: (publicKey: Uint8Array) => Signer | undefined;
  readonly keys: ScopeKeys;
  /** Unix time in milliseconds; record times never decrease, whatever it says. */
  readonly now: () => number;
};

/** Facts that have their place, but may not have effects before `durable` resolves. */
export type Appended = {
  /** With their bodies as read back from what is stored, not the drafts' own. */
  readonly records: readonly LedgerRecord[];
  readonly durable: Promise<void>;
};

/** What is special about a batch. */
type BatchKind = { readonly first: boolean; readonly next?: Signer };

/** What opening a ledger has found out. */
type Opened = {
  readonly scopes: ScopeChains;
  readonly tiles: Tiles;
  readonly end: ChainEnd;
  readonly sequence: number;
  readonly erased: ReadonlySet<string>;
};

/**
 * The one writer of a ledger. Facts get their index, seal and leaf at once, in the order in which
 * their batches are committed; while one commit is in flight the next one fills, so a burst costs few
 * fsyncs and a lone fact waits for no timer. The first commit that fails closes the ledger for good:
 * whoever holds state that was ahead of it must discard it and open again.
 */
export class Ledger {
  readonly #parts: LedgerParts;
  readonly #scopes: ScopeChains;
  /** End with everything that has its place, durable or not. */
  #reserved: ChainEnd;
  readonly #tiles: Tiles;
  readonly #writer: CommitWriter;
  /** Scopes that were erased when it was opened: whoever still has their keys destroys them. */
  readonly erased: ReadonlySet<string>;

  private constructor(parts: LedgerParts, { scopes, tiles, end, sequence, erased }: Opened) {
    this.#parts = parts;
    this.#scopes = scopes;
    this.#tiles = tiles;
    this.#reserved = end;
    this.#writer = new CommitWriter(parts, signerInForce(parts, end), end, sequence);
    this.erased = erased;
  }

  /** A ledger without records yet; the first append must begin with `genesis`. */
  static async create(parts: LedgerParts): Promise<Ledger> {
    const end = emptyChain(parts.identity);
    if ((await parts.store.last()) !== 0)
      throw new LedgerError('GENESIS_INVALID', 'the store holds a ledger already');
    const [scopes, tiles, erased] = [new ScopeChains(), new Tiles(), new Set<string>()];
    return new Ledger(parts, { scopes, tiles, end, sequence: 0, erased });
  }

  /**
   * Verifies and opens the whole ledger, and hands over every record in order.
   * @param pinned - checkpoints of it that are kept elsewhere
   * @throws LedgerError when anything about it is wrong; then nothing can be appended
   */
  static async open(
    parts: LedgerParts,
    fold: (record: LedgerRecord) => void,
    pinned: readonly Pinned[] = [],
  ): Promise<Ledger> {
    const { identity, store, keys } = parts;
    const [scopes, tiles] = [new ScopeChains(), new Tiles()];
    const opener = new RecordOpener(identity, keys, scopes);
    const pins = new PinCheck(identity, pinned);
    let end = emptyChain(identity);
    let sequence = 0;
    for await (const commit of verifyStore(store, identity)) {
      pins.take(commit);
      tiles.take(
        commit.records.map(({ leaf }) => leaf),
        commit.tiles,
      );
      for (const record of opener.open(commit)) fold(record);
      ({ end, sequence } = commit);
    }
    opener.finish();
    pins.finish(end);
    return new Ledger(parts, { scopes, tiles, end, sequence, erased: opener.erased });
  }

  /** Which ledger it is. */
  get identity(): LedgerIdentity {
    return this.#parts.identity;
  }

  /** End of chain and tree with everything that has its place, durable or not. */
  get end(): ChainEnd {
    return this.#reserved;
  }

  /** End of what is durable. */
  get durableEnd(): ChainEnd {
    return this.#writer.end;
  }

  /** Inner nodes of the tree, for proofs: of everything that has its place. */
  get tiles(): Tiles {
    return this.#tiles;
  }

  /**
   * A checkpoint of `end` or `durableEnd`: a signed note.
   */
  checkpoint(end: ChainEnd): string {
    return checkpointOf(signerInForce(this.#parts, end), this.#parts.identity, end);
  }

  /** Why nothing can be appended any more; `undefined` while it can. */
  get closed(): LedgerError | undefined {
    return this.#writer.closed;
  }

  /** Time that a fact appended now would have. */
  time(): number {
    return Math.max(this.#parts.now(), this.#reserved.time);
  }

  /**
   * Begins a batch. Of several that are begun, only the one that is committed first can be committed.
   * @param time - Unix milliseconds; not before the last fact's
   * @throws LedgerError TIME_REVERSED; what closed the ledger, once closed
   */
  begin(time: number = this.time()): LedgerBatch {
    return this.#begin({ first: false }, time);
  }

  /**
   * Begins a batch that is the first of its commit, so that the tree before its first fact is the
   * tree before the commit: where checkpoints stand.
   */
  beginCommit(time: number = this.time()): LedgerBatch {
    return this.#begin({ first: true }, time);
  }

  /** Begins a batch with which another key takes over: it signs these facts and all that follow. */
  beginRotation(next: Signer, time: number = this.time()): LedgerBatch {
    return this.#begin({ first: true, next }, time);
  }

  /**
   * Appends facts that stand or fall together: they are in one commit.
   * @param drafts - at least one
   * @throws LedgerError as `LedgerBatch.add`: nothing is appended then, and the ledger stays open
   */
  append(drafts: readonly Draft[], time: number = this.time()): Appended {
    const batch = this.begin(time);
    for (const draft of drafts) batch.add(draft);
    return { records: batch.records, durable: batch.commit() };
  }

  /**
   * Waits until everything appended so far is durable.
   * @throws LedgerError what closed the ledger, when some of it never will be
   */
  async flush(): Promise<void> {
    await this.#writer.idle();
    if (this.#writer.end.size === this.#reserved.size) return;
    throw this.closed ?? new LedgerError('STORE_UNAVAILABLE', 'facts have not been written');
  }

  /** Nothing can be appended after this, and what waits for its commit is dropped: `flush` first. */
  close(): void {
    this.#writer.close(new LedgerError('CLOSED', 'the ledger is closed'));
  }

  #begin(kind: BatchKind, time: number): LedgerBatch {
    if (this.closed !== undefined) throw this.closed;
    if (time < this.#reserved.time)
      throw new LedgerError('TIME_REVERSED', 'a fact older than the one before it');
    const { identity, keys } = this.#parts;
    return new LedgerBatch(
      {
        identity,
        keys,
        before: this.#reserved,
        scopes: this.#scopes,
        commit: (facts) => this.#take(facts, kind),
      },
      time,
    );
  }

  /** Gives sealed facts their places. */
  #take(facts: SealedFacts, { first, next: signer }: BatchKind): Promise<void> {
    if (this.closed !== undefined) throw this.closed;
    if (facts.before !== this.#reserved)
      throw new Error('another batch has taken the places of this one');
    const next = signer && { signer, rotation: this.#handOver(signer, facts.before) };
    this.#scopes.adopt(facts.scopes);
    this.#tiles.take(facts.leaves, facts.tiles);
    this.#reserved = next === undefined ? facts.end : withKey(facts.end, next.rotation);
    const { stored, bytes } = facts;
    return this.#writer.add({ stored, bytes, end: this.#reserved, first, next });
  }

  #handOver(next: Signer, before: ChainEnd): PlacedRotation {
    const { size: index, head } = before;
    return signRotation(signerInForce(this.#parts, before), next, this.#parts.identity.id, {
      index,
      head,
    });
  }
}

/** The end of facts with which a key takes over. */
function withKey(end: ChainEnd, handover: PlacedRotation): ChainEnd {
  const { index: from, publicKey } = handover;
  return { ...end, keys: [...end.keys, { from, publicKey, handover }] };
}

/** What another key signs, no reader of this ledger would take. */
function signerInForce({ signerFor }: LedgerParts, { keys }: ChainEnd): Signer {
  const signer = signerFor(lastKey(keys));
  if (signer !== undefined) return signer;
  throw new LedgerError('FOREIGN', 'the signing key is not the one in force in this ledger');
}
