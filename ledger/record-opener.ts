import { equalBytes } from '../wire/bytes.ts';
import type { Bodies, Draft, LedgerRecord, Tombstone } from './bodies.ts';
import type { ChainEnd, LedgerIdentity } from './chain-end.ts';
import type { VerifiedRecord } from './commit.ts';
import { Erasures } from './erasures.ts';
import { LedgerError } from './errors.ts';
import { isCheckpointOf } from './ledger-checkpoint.ts';
import type { VerifiedCommit } from './reader.ts';
import { openedBody } from './received-body.ts';
import { type OpenedBody, openRecord } from './record.ts';
import { ScopeChains } from './scope-chains.ts';

/** The key of a scope (32 bytes) by its id; `undefined` when the ring does not have it. */
export type ScopeKeys = (scope: string) => Uint8Array | undefined;

/**
 * Opens verified commits in their order, and checks what needs keys to be checked: that no scope
 * misses a record, that checkpoints are those of the tree before them, that what cannot be opened was erased.
 */
export class RecordOpener {
  readonly #identity: LedgerIdentity;
  readonly #keys: ScopeKeys;
  readonly #scopes: ScopeChains;
  readonly #erasures = new Erasures();

  constructor(identity: LedgerIdentity, keys: ScopeKeys, scopes: ScopeChains = new ScopeChains()) {
    this.#identity = identity;
    this.#keys = keys;
    this.#scopes = scopes;
  }

  /** Scopes that were erased so far. */
  get erased(): ReadonlySet<string> {
    return this.#erasures.erased;
  }

  /**
   * The records of the next commit, opened one by one as they are taken.
   * @throws LedgerError KEY_COMMITMENT, SEAL_BROKEN, BODY_MALFORMED, SCOPE_CHAIN, CHECKPOINT_MISMATCH, TOMBSTONE_INVALID
   */
  *open({ records, before }: VerifiedCommit): Generator<LedgerRecord> {
    for (const record of records) {
      const opened = this.#openOne(record);
      if (opened.kind === 'checkpoint') this.#expectCheckpoint(opened, before);
      if (opened.kind === 'erased')
        this.#erasures.takeErasure(opened.body, this.#scopes, opened.index);
      yield opened;
    }
  }

  /**
   * The whole ledger was opened.
   * @throws LedgerError KEY_MISSING when a key is gone and no erasure says why
   */
  finish(): void {
    this.#erasures.finish();
  }

  #openOne(record: VerifiedRecord): LedgerRecord {
    const { index, leaf, header } = record;
    const { kind, scope, time } = header;
    this.#erasures.expectLiving(scope, index);
    const place = this.#scopes.take(scope, leaf);
    const key = this.#keys(scope);
    if (key === undefined) {
      this.#erasures.takeTombstone(scope, index);
      const body: Tombstone['body'] = { was: kind };
      return { kind: 'tombstone', scope, body, index, time, leaf, scopeIndex: place.index };
    }
    const opened = openRecord(record, this.#identity.id, index, key);
    if (opened.scopeIndex !== place.index || !sameLeaf(opened.scopePrevious, place.previous))
      throw new LedgerError('SCOPE_CHAIN', 'records of this scope are missing', { index });
    return ledgerRecord({ kind, scope, ...opened }, { index, time, leaf, scopeIndex: place.index });
  }

  /** It covers the records before it, all of them: it is the first of its commit. */
  #expectCheckpoint(
    { index, body }: { readonly index: number; readonly body: Bodies['checkpoint'] },
    before: ChainEnd,
  ): void {
    if (index === before.size && isCheckpointOf(body.note, this.#identity, before)) return;
    throw new LedgerError('CHECKPOINT_MISMATCH', 'not a checkpoint of the records before it', {
      index,
    });
  }
}

/**
 * A record as projections see it: the same members, whether it was just appended or read back.
 * @param fact - its body as decoded from the stored bytes, which only we could have sealed
 * @throws LedgerError BODY_MALFORMED
 */
export function ledgerRecord(
  fact: Pick<Draft, 'kind' | 'scope'> & Pick<OpenedBody, 'cause' | 'body'>,
  place: Pick<LedgerRecord, 'index' | 'time' | 'leaf' | 'scopeIndex'>,
): LedgerRecord {
  const { kind, scope, cause } = fact;
  const { index, time, leaf, scopeIndex } = place;
  const body = openedBody(kind, fact.body, index);
  // Literals: spreading costs more than the rest of this function, once for each record.
  const record =
    cause === undefined
      ? { kind, scope, body, index, time, leaf, scopeIndex }
      : { kind, scope, cause, body, index, time, leaf, scopeIndex };
  return record as unknown as LedgerRecord;
}

function sameLeaf(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}
