import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Check, CheckName, Decision } from '../ledger/decision.ts';
import { equalBytes } from '../wire/bytes.ts';
import { encodeCanonical } from '../wire/msgpack.ts';

/** Something that deciding again gives otherwise than it was recorded; `null` where one has nothing. */
export type Difference = {
  /** Name of a check, or of another member of the decision. */
  readonly where: CheckName | string;
  readonly recorded: unknown;
  readonly now: unknown;
};

/** A `decided` record. */
export type DecidedRecord = Extract<LedgerRecord, { readonly kind: 'decided' }>;

/** The decision that a record holds. */
export function recordedDecision({ body }: DecidedRecord): Decision {
  const { request: _request, again: _again, ...decision } = body;
  return decision;
}

/** Where two decisions differ, compared as canonical bytes; nothing when they are the same bit for bit. */
export function differencesBetween(recorded: Decision, now: Decision): readonly Difference[] {
  if (same(recorded, now)) return [];
  const { checks: recordedChecks, ...recordedRest } = recorded;
  const { checks: nowChecks, ...nowRest } = now;
  const checks = compareMembers(byName(recordedChecks), byName(nowChecks));
  const rest = compareMembers(recordedRest, nowRest);
  if (checks.length + rest.length > 0) return [...rest, ...checks];
  const order = { where: 'checks', recorded: names(recordedChecks), now: names(nowChecks) };
  return [order];
}

type Members = { readonly [name: string]: unknown };

/** The members that differ, compared as canonical bytes. */
export function compareMembers(recorded: Members, now: Members): Difference[] {
  const all = new Set([...Object.keys(recorded), ...Object.keys(now)]);
  return [...all]
    .map((where) => ({ where, recorded: recorded[where] ?? null, now: now[where] ?? null }))
    .filter((difference) => !same(difference.recorded, difference.now));
}

function byName(checks: readonly Check[]): Members {
  return Object.fromEntries(checks.map((check) => [check.check, check]));
}

function names(checks: readonly Check[]): string[] {
  return checks.map(({ check }) => check);
}

function same(a: unknown, b: unknown): boolean {
  return equalBytes(encodeCanonical(a), encodeCanonical(b));
}
