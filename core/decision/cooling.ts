import type { Check, CoolingDown, Decision } from '../../ledger/decision.ts';
import type { Connection } from '../../projections/vault-state.ts';
import type { Reason } from '../../wire/reasons.ts';
import type { CheckContext } from './context.ts';
import { identityChecks } from './round.ts';

const minuteMs = 60_000;

/** Refusals that say nothing about what an agent wants: it has asked too often, or not heard yet of another grant. */
const blameless: ReadonlySet<Reason> = new Set(['rate_limited', 'contract_version_mismatch']);

/** Until when an agent gets nothing, where it is cooling down at `time`; Unix milliseconds. */
export function coolingUntil(connection: Connection | undefined, time: number): number | undefined {
  const until = connection?.agent?.cooling?.until;
  return until !== undefined && until > time ? until : undefined;
}

/**
 * What one more refusal comes to: those that count still, and how long the agent gets nothing when they are too many.
 * Requires an agent that is not cooling down: what is refused then makes it no longer. `undefined` for everybody else.
 */
export function refusedOnceMore(
  connection: Connection | undefined,
  time: number,
): CoolingDown | undefined {
  const terms = connection?.contract?.contract.agent;
  if (terms === undefined) return undefined;
  const { refusals, within_minutes: within, minutes } = terms.cool_down;
  // Those that led to an earlier cool-down are spent.
  const { refusals: all = [], until } = connection?.agent?.cooling ?? {};
  const before = until === undefined ? all : [];
  const counted = [...before.filter((at) => at > time - within * minuteMs), time].slice(-refusals);
  return counted.length < refusals
    ? { refusals: counted }
    : { refusals: counted, until: time + minutes * minuteMs };
}

/** What a decision on arrival comes to for an agent that it refuses. */
export function coolingAfter(
  { connection, round, time }: CheckContext,
  outcome: Decision['outcome'],
  checks: readonly Check[],
): CoolingDown | undefined {
  if (outcome !== 'denied' || round === 'again' || connection?.status !== 'active')
    return undefined;
  // The standard's own types go on, and none of them ends a cool-down.
  if (coolingUntil(connection, time) !== undefined) return undefined;
  const failed = checks.filter(({ result }) => result === 'fail');
  const [first] = failed;
  const unlike = failed.some(({ check }) => identityChecks.has(check) || check === 'rate');
  if (unlike || first?.reason === undefined || blameless.has(first.reason)) return undefined;
  return refusedOnceMore(connection, time);
}
