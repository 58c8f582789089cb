import { randomFillSync } from 'node:crypto';
import { drawnBytes } from '../wire/drawn-bytes.ts';
import type { Draft, LedgerRecord } from './bodies.ts';
import { leafOf } from './chain.ts';
import { advance, type ChainEnd, type LedgerIdentity } from './chain-end.ts';
import { commitBytesMax, commitOverheadBytes, commitRecordsMax } from './commit-format.ts';
import { LedgerError } from './errors.ts';
import { sealRecord } from './record.ts';
import { ledgerRecord, type ScopeKeys } from './record-opener.ts';
import { ScopeChains } from './scope-chains.ts';

/** Facts that stand or fall together, sealed for the places after `before`. */
export type SealedFacts = {
  readonly before: ChainEnd;
  readonly end: ChainEnd;
  readonly scopes: ScopeChains;
  /** Of each record, 32 bytes. */
  readonly leaves: readonly Uint8Array[];
  /** Roots of the tree's tiles that they complete. */
  readonly tiles: readonly Uint8Array[];
  /** Stored bytes of each record. */
  readonly stored: readonly Uint8Array[];
  /** What they take in a commit. */
  readonly bytes: number;
};

/** What a batch is sealed with, and where it goes. */
export type BatchParts = {
  readonly identity: LedgerIdentity;
  readonly keys: ScopeKeys;
  readonly before: ChainEnd;
  /** Places of the records before it, by scope. */
  readonly scopes: ScopeChains;
  /** Takes the places, or throws; resolves when the facts are durable. */
  readonly commit: (facts: SealedFacts) => Promise<void>;
};

const nonceBytes = 24;
const random = drawnBytes(randomFillSync);

/** msgpack's header of a binary string of this length, at most. */
const binaryHeaderBytes = 5;

/**
 * Facts being put together, each sealed as it is added: its index, its leaf and its body as a reader
 * will see it are known at once, and whoever drops the batch has taken nothing. All of them have one time.
 */
export class LedgerBatch {
  /** Unix time in milliseconds. */
  readonly time: number;
  readonly #parts: BatchParts;
  readonly #scopes: ScopeChains;
  readonly #stored: Uint8Array[] = [];
  readonly #records: LedgerRecord[] = [];
  #bytes = 0;

  constructor(parts: BatchParts, time: number) {
    this.#parts = parts;
    this.#scopes = new ScopeChains(parts.scopes);
    this.time = time;
  }

  /** What was added so far: bodies as read back from what is stored, not the drafts' own. */
  get records(): readonly LedgerRecord[] {
    return this.#records;
  }

  /** Place that the next record of `scope` would have: how many it has, and the last one's leaf. */
  scopeEnd(scope: string): { index: number; previous: Uint8Array | null } {
    return this.#scopes.next(scope);
  }

  /**
   * Adds a fact. One that is refused takes no place, and the batch can go on without it.
   * @throws LedgerError TOO_LARGE, KEY_MISSING, GENESIS_INVALID, BODY_MALFORMED, RECORD_MALFORMED
   */
  add(draft: Draft): LedgerRecord {
    const index = this.#parts.before.size + this.#records.length;
    if (this.#records.length >= commitRecordsMax)
      throw new LedgerError('TOO_LARGE', `more than ${commitRecordsMax} facts in one commit`);
    const { bytes, record } = this.#seal(draft, index);
    const size = this.#bytes + bytes.length + binaryHeaderBytes;
    if (size > commitBytesMax - commitOverheadBytes)
      throw new LedgerError('TOO_LARGE', `facts of ${size} bytes in one commit`);
    this.#scopes.take(draft.scope, record.leaf);
    this.#bytes = size;
    this.#stored.push(bytes);
    this.#records.push(record);
    return record;
  }

  /**
   * Appends what was added as one commit.
   * @returns when it is durable; rejects when it never will be
   * @throws LedgerError what closed the ledger, once closed
   */
  commit(): Promise<void> {
    if (this.#records.length === 0) throw new RangeError('no fact to append');
    const { before, commit } = this.#parts;
    const leaves = this.#records.map(({ leaf }) => leaf);
    const tiles: Uint8Array[] = [];
    return commit({
      before,
      end: advance(before, leaves, this.time, (root) => tiles.push(root)),
      scopes: this.#scopes,
      leaves,
      tiles,
      stored: this.#stored,
      bytes: this.#bytes,
    });
  }

  #seal(draft: Draft, index: number): { bytes: Uint8Array; record: LedgerRecord } {
    const { kind, scope, cause } = draft;
    const { identity, keys } = this.#parts;
    if ((kind === 'genesis') !== (index === 0))
      throw new LedgerError('GENESIS_INVALID', 'a ledger begins with its one genesis', { index });
    const key = keys(scope);
    if (key === undefined)
      throw new LedgerError('KEY_MISSING', `no key for scope ${scope}`, { index });
    const { index: scopeIndex, previous: scopePrevious } = this.#scopes.next(scope);
    const { time } = this;
    const place = { ledgerId: identity.id, index, time, scopeIndex, scopePrevious };
    const { bytes, body } = sealRecord(draft, place, key, random(nonceBytes));
    const fact = cause === undefined ? { kind, scope, body } : { kind, scope, body, cause };
    return { bytes, record: ledgerRecord(fact, { index, time, leaf: leafOf(bytes), scopeIndex }) };
  }
}
