import { equalBytes } from '../wire/bytes.ts';
import type { Draft, LedgerRecord } from './bodies.ts';
import { ledgerIdOf } from './chain.ts';
import { type ChainEnd, emptyChain, type VerifiedRecord, verifyCommit } from './commit.ts';
import type { CommitStore, StoredCommit } from './commit-store.ts';
import { LedgerError } from './errors.ts';
import { openedBody } from './received-body.ts';
import { type OpenedBody, openRecord } from './record.ts';

/** Which ledger it is: what a verifier has to know, and all that it has to know. */
export type LedgerIdentity = {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Ed25519, 32 bytes; the id is its hash. */
  readonly publicKey: Uint8Array;
};

/** A commit that verified, and where the chain stands after it. */
export type VerifiedCommit = {
  readonly sequence: number;
  readonly records: readonly VerifiedRecord[];
  readonly end: ChainEnd;
};

/** The key of a scope (32 bytes) by its id; `undefined` when the ring does not have it. */
export type ScopeKeys = (scope: string) => Uint8Array | undefined;

/**
 * Verifies a stored ledger from its first commit on, without any secret: every commit there, in
 * order, unaltered, signed. It cannot see a tail that is missing as a whole. A ledger that grows
 * meanwhile is verified to where it stood at the start, at least.
 * @throws LedgerError that names the first bad record
 */
export async function* verifyStore(
  store: CommitStore,
  identity: LedgerIdentity,
): AsyncIterable<VerifiedCommit> {
  if (!equalBytes(identity.id, ledgerIdOf(identity.publicKey)))
    throw new LedgerError('FOREIGN', 'the ledger id is not the one of this key');
  const claimed = await store.last();
  let end = emptyChain(identity.id);
  let sequence = 0;
  for await (const commit of store.scan(1)) {
    sequence += 1;
    expectSequence(commit, sequence, end);
    const verified = verifyAt(commit, identity, end);
    end = verified.end;
    yield verified;
  }
  if (claimed > sequence)
    throw new LedgerError('SEQUENCE_GAP', `commits ${sequence + 1} to ${claimed} are lost`, {
      index: end.size,
      sequence: sequence + 1,
    });
  if (end.size === 0) throw new LedgerError('EMPTY', 'the ledger holds no record');
}

/** Opens verified records in their order, and checks that no scope misses one. */
export class RecordOpener {
  readonly #identity: LedgerIdentity;
  readonly #keys: ScopeKeys;
  readonly #scopes: ScopeChains;

  constructor(identity: LedgerIdentity, keys: ScopeKeys, scopes: ScopeChains = new ScopeChains()) {
    this.#identity = identity;
    this.#keys = keys;
    this.#scopes = scopes;
  }

  /** @throws LedgerError KEY_MISSING, KEY_COMMITMENT, SEAL_BROKEN, BODY_MALFORMED, SCOPE_CHAIN */
  open(record: VerifiedRecord): LedgerRecord {
    const { index, leaf, header } = record;
    const key = this.#keys(header.scope);
    if (key === undefined)
      throw new LedgerError('KEY_MISSING', `no key for scope ${header.scope}`, { index });
    const opened = openRecord(record, this.#identity.id, index, key);
    const place = this.#scopes.take(header.scope, leaf);
    if (opened.scopeIndex !== place.index || !sameLeaf(opened.scopePrevious, place.previous))
      throw new LedgerError('SCOPE_CHAIN', 'records of this scope are missing', { index });
    const { kind, scope, time } = header;
    return ledgerRecord({ kind, scope, ...opened }, { index, time, leaf, scopeIndex: place.index });
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

/** How many records each scope has, and the last one's leaf. */
export class ScopeChains {
  readonly #ends = new Map<string, { count: number; leaf: Uint8Array }>();
  readonly #base: ScopeChains | undefined;

  /** @param base - what stands before; it stays as it is until it adopts what was taken here */
  constructor(base?: ScopeChains) {
    this.#base = base;
  }

  /** Takes over the places taken in chains that have this one as their base. */
  adopt(later: ScopeChains): void {
    for (const [scope, end] of later.#ends) this.#ends.set(scope, end);
  }

  /** Place of the next record of `scope`, which will have this leaf. */
  take(scope: string, leaf: Uint8Array): { index: number; previous: Uint8Array | null } {
    const place = this.next(scope);
    this.#ends.set(scope, { count: place.index + 1, leaf });
    return place;
  }

  /** Place that the next record of `scope` will have. */
  next(scope: string): { index: number; previous: Uint8Array | null } {
    const end = this.#ends.get(scope);
    if (end === undefined && this.#base !== undefined) return this.#base.next(scope);
    return { index: end?.count ?? 0, previous: end?.leaf ?? null };
  }
}

function expectSequence(commit: StoredCommit, sequence: number, end: ChainEnd): void {
  if (commit.sequence === sequence) return;
  throw new LedgerError('SEQUENCE_GAP', `commits ${sequence} to ${commit.sequence - 1} are lost`, {
    index: end.size,
    sequence,
  });
}

function verifyAt(commit: StoredCommit, identity: LedgerIdentity, end: ChainEnd): VerifiedCommit {
  const { sequence, bytes } = commit;
  try {
    const { records, end: next } = verifyCommit(
      bytes,
      { id: identity.id, publicKey: identity.publicKey },
      end,
    );
    return { sequence, records, end: next };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const index = error.index ?? end.size;
    throw new LedgerError(error.code, error.message, { index, sequence, cause: error });
  }
}

function sameLeaf(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}
