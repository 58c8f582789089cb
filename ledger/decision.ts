import type { Reason } from '../wire/reasons.ts';

/** The thirteen checks, in their order. */
export const checkNames = [
  'envelope',
  'sender',
  'freshness',
  'connection',
  'event_type',
  'payload',
  'contract',
  'permission',
  'fields',
  'optional',
  'retention',
  'rate',
  'tier',
] as const;

/** Name of a check. */
export type CheckName = (typeof checkNames)[number];

/** One check of one event: what it looked at and what it found. */
export type Check = {
  readonly check: CheckName;
  /** `skip`: an earlier check failed, or there was nothing to look at. */
  readonly result: 'pass' | 'fail' | 'hold' | 'skip';
  readonly reason?: Reason;
  /** Private: why, in words. */
  readonly detail?: string;
  readonly inputs: { readonly [name: string]: unknown };
};

/** A token bucket after this event. */
export type Bucket = {
  /** Tokens left; may be a fraction. */
  readonly tokens: number;
  /** Record time at which they were counted. */
  readonly at: number;
};

/**
 * What has a bucket of its own: new versions of a contract, messages to the owner, what else a party says of the standard's
 * own types, and events in which one of checks 1 to 3 fails.
 */
export type CountedApart = 'updates' | 'notices' | 'connection' | 'identity';

/** The stored entry that a request is about. */
export type EntryAsked = {
  readonly category: string;
  /** Absent where it is about all of a category. */
  readonly key?: string;
  /** What it will count, where it is to be stored. */
  readonly bytes?: number;
};

/** What follows from a decision; `evolve` folds it and works nothing out again. */
export type DecisionFacts = {
  readonly bucket?: Bucket;
  /** Buckets besides the one of requests, by what they count. */
  readonly buckets?: { readonly [counted in CountedApart]?: Bucket };
  /** Fields that the request asks for. */
  readonly fields?: readonly string[];
  /** Those of them that need the owner's yes. */
  readonly consent?: readonly string[];
  /** When a held request expires, Unix time in milliseconds. */
  readonly deadline?: number;
  /** Key that may take effect only once, where the type has one. */
  readonly once?: string;
  readonly entry?: EntryAsked;
  /** Held because its type always asks the owner: they are shown what it says. */
  readonly always?: true;
  /** Fields asked for whose retention is `session`: where they are served, the session is kept. */
  readonly session?: readonly string[];
  /** Fields that were served before, and are granted anew with this decision. */
  readonly granted?: readonly string[];
  /** Remembered approvals that stood for the owner: record index of each, by field. */
  readonly rules?: Readonly<Record<string, number>>;
  /** The same id with the same bytes came before: the recorded answer is sent again. */
  readonly redelivery?: boolean;
};

/** What was decided about one event, with every check. */
export type Decision = {
  readonly outcome: 'allowed' | 'denied' | 'pending';
  readonly reason?: Reason;
  readonly detail?: string;
  /** Handler that is to run. */
  readonly handler?: string;
  readonly checks: readonly Check[];
  readonly facts: DecisionFacts;
};
