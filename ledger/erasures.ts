import { equalBytes } from '../wire/bytes.ts';
import type { Bodies } from './bodies.ts';
import { LedgerError } from './errors.ts';
import type { ScopeChains } from './scope-chains.ts';

/**
 * Which scopes were erased, found out while a ledger is read in order. A record whose key is gone is
 * taken for a tombstone until a later `erased` record names its scope; one that stands above its
 * erasure, or that no erasure accounts for, is not one.
 */
export class Erasures {
  readonly #erased = new Set<string>();
  /** Scopes without a key, with the first record of each. */
  readonly #unaccounted = new Map<string, number>();

  /** Scopes that no record can have any more. */
  get erased(): ReadonlySet<string> {
    return this.#erased;
  }

  /**
   * A record of this scope stands here, whether its key is there or not.
   * @throws LedgerError TOMBSTONE_INVALID when the scope was erased before
   */
  expectLiving(scope: string, index: number): void {
    if (this.#erased.has(scope))
      throw new LedgerError('TOMBSTONE_INVALID', `scope ${scope} was erased before`, { index });
  }

  /** The key of this record's scope is gone. */
  takeTombstone(scope: string, index: number): void {
    if (!this.#unaccounted.has(scope)) this.#unaccounted.set(scope, index);
  }

  /**
   * An erasure is recorded here.
   * @param scopes - where every scope stands
   * @throws LedgerError TOMBSTONE_INVALID when it does not say what stands before it
   */
  takeErasure(body: Bodies['erased'], scopes: ScopeChains, index: number): void {
    for (const { scope, records, last } of body.scopes) {
      this.expectLiving(scope, index);
      const end = scopes.next(scope);
      const { previous } = end;
      if (end.index !== records || previous === null || !equalBytes(previous, last))
        throw new LedgerError('TOMBSTONE_INVALID', `scope ${scope} has other records`, { index });
      this.#unaccounted.delete(scope);
      this.#erased.add(scope);
    }
  }

  /**
   * The whole ledger was read.
   * @throws LedgerError KEY_MISSING when a key is gone without an erasure
   */
  finish(): void {
    for (const [scope, index] of this.#unaccounted)
      throw new LedgerError('KEY_MISSING', `no key for scope ${scope}`, { index });
  }
}
