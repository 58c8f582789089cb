import type { CheckName, Decision } from '../ledger/decision.ts';
import type { Reason } from '../wire/reasons.ts';

type Outcome = Decision['outcome'];

/** One event that other terms would have decided otherwise: names, never values. */
export type FlippedEvent = {
  /** Index of its `received` record, and its event key. */
  readonly record: number;
  readonly event: string;
  /** Unix milliseconds. */
  readonly time: number;
  readonly type: string | null;
  readonly fields: readonly string[];
};

/** Events that flip alike. */
export type Flip = {
  readonly from: Outcome;
  readonly to: Outcome;
  /** The check that makes the difference, and the reason that it gives under the terms that refuse. */
  readonly check: CheckName;
  readonly reason: Reason | null;
  readonly count: number;
  /** The first of them. */
  readonly examples: readonly FlippedEvent[];
};

/** How many decisions had each outcome. */
export type Outcomes = Readonly<Record<Outcome, number>>;

/** What other terms would have changed. */
export type WhatIfReport = {
  readonly contract: { readonly id: string; readonly version: number; readonly hash: string };
  readonly connections: readonly {
    readonly id: string;
    readonly name: string;
    /** The contract that it had last. */
    readonly contract: { readonly id: string; readonly version: number } | null;
    /** Required by the other contract, and absent when it was accepted: there would be no connection. */
    readonly missing: readonly string[];
  }[];
  /** First decisions that were judged again, and how many come out the same, reason included. */
  readonly judged: number;
  readonly same: number;
  /** Refused by both, for other reasons. */
  readonly otherReason: number;
  readonly before: Outcomes;
  readonly after: Outcomes;
  /** The most frequent first. */
  readonly flips: readonly Flip[];
  /** Decisions that today's rules do not reproduce under the terms of then: nothing is said about them. */
  readonly unreproduced: number;
  /** Records that are erased, and whose decisions cannot be judged. */
  readonly erased: number;
};
