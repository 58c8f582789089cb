import { randomFillSync } from 'node:crypto';
import { equalBytes } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import type { Draft, LedgerRecord } from './bodies.ts';
import { leafOf, nextHead } from './chain.ts';
import {
  type ChainEnd,
  commitBytesMax,
  commitOverheadBytes,
  commitRecordsMax,
  emptyChain,
  encodeCommit,
} from './commit.ts';
import type { CommitStore } from './commit-store.ts';
import { LedgerError } from './errors.ts';
import {
  type LedgerIdentity,
  ledgerRecord,
  RecordOpener,
  ScopeChains,
  type ScopeKeys,
  verifyStore,
} from './reader.ts';
import { sealRecord } from './record.ts';
import { settleAppend } from './settle-append.ts';

/** What a ledger is made of. */
export type LedgerParts = {
  readonly store: CommitStore;
  readonly identity: LedgerIdentity;
  readonly signer: Signer;
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

/** Facts of one call, sealed for the places after `#reserved`. */
type Sealed = {
  readonly stored: readonly Uint8Array[];
  readonly records: readonly LedgerRecord[];
  /** What they take in a commit. */
  readonly bytes: number;
  /** End of the chain with them. */
  readonly end: ChainEnd;
};

type Group = Sealed & {
  readonly settle: { resolve: () => void; reject: (error: LedgerError) => void };
};

/** msgpack's header of a binary string of this length, at most. */
const binaryHeaderBytes = 5;

/**
 * The one writer of a ledger. Facts get their index, seal and leaf at once, in the order of the
 * calls; while one commit is in flight the next one fills, so a burst costs few fsyncs and a lone
 * fact waits for no timer. A fact that cannot be sealed is refused and takes no place. The first
 * commit that fails closes the ledger for good: whoever holds state that was ahead of it must
 * discard it and open again.
 */
export class Ledger {
  readonly #parts: LedgerParts;
  readonly #scopes: ScopeChains;
  readonly #groups: Group[] = [];
  /** End with everything that has its place, durable or not. */
  #reserved: ChainEnd;
  /** End of what is durable. */
  #durable: ChainEnd;
  #sequence: number;
  #pumping: Promise<void> | undefined;
  #closed: LedgerError | undefined;

  private constructor(parts: LedgerParts, scopes: ScopeChains, end: ChainEnd, sequence: number) {
    this.#parts = parts;
    this.#scopes = scopes;
    this.#reserved = end;
    this.#durable = end;
    this.#sequence = sequence;
  }

  /** A ledger without records yet; the first append must begin with `genesis`. */
  static async create(parts: LedgerParts): Promise<Ledger> {
    expectOwnKey(parts);
    if ((await parts.store.last()) !== 0)
      throw new LedgerError('GENESIS_INVALID', 'the store holds a ledger already');
    return new Ledger(parts, new ScopeChains(), emptyChain(parts.identity.id), 0);
  }

  /**
   * Verifies and opens the whole ledger, and hands over every record in order.
   * @throws LedgerError when anything about it is wrong; then nothing can be appended
   */
  static async open(parts: LedgerParts, fold: (record: LedgerRecord) => void): Promise<Ledger> {
    expectOwnKey(parts);
    const scopes = new ScopeChains();
    const opener = new RecordOpener(parts.identity, parts.keys, scopes);
    let end = emptyChain(parts.identity.id);
    let sequence = 0;
    for await (const commit of verifyStore(parts.store, parts.identity)) {
      for (const record of commit.records) fold(opener.open(record));
      end = commit.end;
      sequence = commit.sequence;
    }
    return new Ledger(parts, scopes, end, sequence);
  }

  /** Index of the next fact. */
  get nextIndex(): number {
    return this.#reserved.size;
  }

  /** Time of the last fact that has its place, Unix milliseconds. */
  get lastTime(): number {
    return this.#reserved.time;
  }

  /** Why nothing can be appended any more; `undefined` while it can. */
  get closed(): LedgerError | undefined {
    return this.#closed;
  }

  /** Time that a fact appended now would have. */
  time(): number {
    return Math.max(this.#parts.now(), this.#reserved.time);
  }

  /**
   * Appends facts that stand or fall together: they are in one commit.
   * @param drafts - at least one
   * @param time - as `time()` gave it, so that a decision and its record agree
   * @throws LedgerError TOO_LARGE, KEY_MISSING, TIME_REVERSED, GENESIS_INVALID, BODY_MALFORMED,
   * RECORD_MALFORMED (nothing is appended, and the ledger stays open); what closed it, once closed
   */
  append(drafts: readonly Draft[], time: number = this.time()): Appended {
    if (this.#closed !== undefined) throw this.#closed;
    if (drafts.length === 0) throw new RangeError('no fact to append');
    if (time < this.#reserved.time)
      throw new LedgerError('TIME_REVERSED', 'a fact older than the one before it');
    const sealed = this.#seal(drafts, time);
    const durable = new Promise<void>((resolve, reject) => {
      this.#groups.push({ ...sealed, settle: { resolve, reject } });
    });
    durable.catch(() => undefined);
    this.#pumping ??= this.#pump();
    return { records: sealed.records, durable };
  }

  /**
   * Waits until everything appended so far is durable.
   * @throws LedgerError what closed the ledger, when some of it never will be
   */
  async flush(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
    if (this.#durable.size === this.#reserved.size) return;
    throw this.#closed ?? new LedgerError('STORE_UNAVAILABLE', 'facts have not been written');
  }

  /** Nothing can be appended after this, and what waits for its commit is dropped: `flush` first. */
  close(): void {
    if (this.#closed === undefined) this.#close(new LedgerError('CLOSED', 'the ledger is closed'));
  }

  /** Seals all facts and takes their places, or throws and takes none. */
  #seal(drafts: readonly Draft[], time: number): Sealed {
    if (drafts.length > commitRecordsMax)
      throw new LedgerError('TOO_LARGE', `${drafts.length} facts in one commit`);
    const scopes = new ScopeChains(this.#scopes);
    const stored: Uint8Array[] = [];
    const records: LedgerRecord[] = [];
    let end = this.#reserved;
    let bytes = 0;
    for (const draft of drafts) {
      const { bytes: sealed, record } = this.#sealOne(draft, end.size, time, scopes);
      end = { size: end.size + 1, head: nextHead(end.head, record.leaf), time };
      bytes += sealed.length + binaryHeaderBytes;
      stored.push(sealed);
      records.push(record);
    }
    if (bytes > commitBytesMax - commitOverheadBytes)
      throw new LedgerError('TOO_LARGE', `${drafts.length} facts of ${bytes} bytes in one commit`);
    this.#scopes.adopt(scopes);
    this.#reserved = end;
    return { stored, records, bytes, end };
  }

  #sealOne(
    draft: Draft,
    index: number,
    time: number,
    scopes: ScopeChains,
  ): { bytes: Uint8Array; record: LedgerRecord } {
    const { kind, scope, cause } = draft;
    if ((kind === 'genesis') !== (index === 0))
      throw new LedgerError('GENESIS_INVALID', 'a ledger begins with its one genesis', { index });
    const key = this.#parts.keys(scope);
    if (key === undefined)
      throw new LedgerError('KEY_MISSING', `no key for scope ${scope}`, { index });
    const { index: scopeIndex, previous: scopePrevious } = scopes.next(scope);
    const place = { ledgerId: this.#parts.identity.id, index, time, scopeIndex, scopePrevious };
    const { bytes, body } = sealRecord(draft, place, key, randomFillSync(new Uint8Array(24)));
    const leaf = leafOf(bytes);
    scopes.take(scope, leaf);
    const fact = cause === undefined ? { kind, scope, body } : { kind, scope, body, cause };
    return { bytes, record: ledgerRecord(fact, { index, time, leaf, scopeIndex }) };
  }

  /** Writes groups until none is left. One commit is in flight at a time. */
  async #pump(): Promise<void> {
    // Facts appended in the same turn of the event loop share the first commit.
    await Promise.resolve();
    while (this.#closed === undefined && this.#groups.length > 0) {
      const groups = this.#take();
      try {
        await this.#write(groups);
        for (const group of groups) group.settle.resolve();
      } catch (error) {
        const failure = asLedgerError(error);
        this.#close(failure);
        for (const group of groups) group.settle.reject(failure);
      }
    }
    this.#pumping = undefined;
  }

  /** As many whole groups as one commit holds. */
  #take(): Group[] {
    let bytes = commitOverheadBytes;
    let records = 0;
    let count = 0;
    for (const group of this.#groups) {
      bytes += group.bytes;
      records += group.stored.length;
      if (count > 0 && (bytes > commitBytesMax || records > commitRecordsMax)) break;
      count += 1;
    }
    return this.#groups.splice(0, count);
  }

  async #write(groups: readonly Group[]): Promise<void> {
    const before = this.#durable;
    const records = groups.flatMap((group) => group.stored);
    const end = groups.at(-1)?.end ?? before;
    const { signer, identity, store } = this.#parts;
    const bytes = encodeCommit(signer, identity.id, before, records, end.head);
    await settleAppend(store, bytes, this.#sequence);
    this.#sequence += 1;
    this.#durable = end;
  }

  #close(error: LedgerError): void {
    this.#closed ??= error;
    for (const group of this.#groups.splice(0)) group.settle.reject(this.#closed);
  }
}

function asLedgerError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  return new LedgerError('STORE_UNAVAILABLE', 'the ledger cannot be written', { cause: error });
}

/** What another key signs, no reader of this ledger would take. */
function expectOwnKey({ signer, identity }: LedgerParts): void {
  if (!equalBytes(signer.publicKey, identity.publicKey))
    throw new LedgerError('FOREIGN', 'the signing key is not the one of this ledger');
}
