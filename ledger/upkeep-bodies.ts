import type { Reason } from '../wire/reasons.ts';

/** What an erasure is about. */
export type ErasureTarget = {
  /** `entries`: what a connection has stored. `outbox`: answers that nobody can ask for again. */
  readonly kind: 'connection' | 'field' | 'namespace' | 'entries' | 'outbox';
  readonly name: string;
};

/** A scope whose key is destroyed, and all the records that it has. */
export type ErasedScope = {
  /** Hex. */
  readonly scope: string;
  readonly records: number;
  /** Leaf of the last of them, 32 bytes. */
  readonly last: Uint8Array;
};

/** Keys of scopes that are to be destroyed, and with them what was said under them. */
export type ErasedBody = {
  /** What was forgotten, by name. */
  readonly what: ErasureTarget;
  readonly scopes: readonly ErasedScope[];
  /** What stays true although the records that said it are gone. */
  readonly remains: {
    /** Messages sealed so far in each connection's epoch. */
    readonly sent: readonly { readonly connection: string; readonly count: number }[];
    /** Event keys whose recorded answers are gone. */
    readonly unanswered: readonly string[];
  };
};

/** Refusals that were counted, not recorded one by one. */
export type AggregateBody = {
  /** Whose refusals they are; absent for strangers, and for what was delivered again. */
  readonly connection?: string;
  readonly from: number;
  readonly to: number;
  readonly counts: readonly {
    readonly type: string;
    readonly reason: Reason;
    readonly count: number;
    /** SHA-256 over what was counted, in order. */
    readonly hash: Uint8Array;
    /** Ids of the first and last event, where they are a connection's. */
    readonly first?: string;
    readonly last?: string;
  }[];
};
