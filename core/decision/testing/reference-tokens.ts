import type { CheckName } from '../../../ledger/decision.ts';
import { handled, spaces } from './reference-types.ts';
import { now, type Scenario, type ScenarioConnection } from './scenario.ts';

/* Check 12 once more, written as the specification says it. */

/** What tokens are counted of: requests under a contract, or what has a bucket besides. */
export type Counted = 'requests' | 'updates' | 'connection' | 'identity';

/** Tokens are counted in milliseconds of an hour, so that a refill is a whole number. */
export const hourMs = 3_600_000;

/** What an event costs tokens of: on arrival, where there is a connection to count it to. */
export function countedOf(
  { round, type, space, connection }: Scenario,
  failing: CheckName | undefined,
): Counted | undefined {
  if (round === 'again' || connection === undefined) return undefined;
  if (failing === 'envelope' || failing === 'sender' || failing === 'freshness') return 'identity';
  if (type === 'contract.update') return 'updates';
  if (spaces[type] !== undefined) return space === 'owner' ? undefined : 'connection';
  return connection.contract === undefined ? undefined : 'requests';
}

/** Check 12: tokens before this event, where they are counted. */
export function tokensOf(scenario: Scenario, failing: CheckName | undefined): number | undefined {
  const of = countedOf(scenario, failing);
  const { connection } = scenario;
  if (of === undefined || connection === undefined) return undefined;
  const { limits } = connection.contract ?? {};
  const sizes = {
    requests: { full: limits?.burst ?? 0, hourly: limits?.requests_per_hour ?? 0 },
    updates: { full: 4, hourly: 4 },
    connection: { full: 60, hourly: 240 },
    identity: { full: 300, hourly: 60 },
  };
  return tokensAfter(bucketsOf(connection)[of], sizes[of]);
}

/** Messages to the owner that the contract allows at this moment; absent where none is to be shown. */
export function noticesOf({ round, type, connection }: Scenario): number | undefined {
  if (round === 'again' || handled[type]?.notifies !== true) return undefined;
  const most = connection?.contract?.limits.notifications_per_hour ?? 0;
  return tokensAfter(connection?.notices, { full: most, hourly: most });
}

function tokensAfter(
  bucket: ScenarioConnection['bucket'],
  { full, hourly }: { readonly full: number; readonly hourly: number },
): number {
  if (bucket === undefined) return full * hourMs;
  const gained = Math.max(0, bucket.countedAgo) * hourly;
  return Math.min(full * hourMs, bucket.tokens * hourMs + gained);
}

/** When the bucket that a scenario takes from was counted last, as its decision must record it. */
export function countedAt({ connection }: Scenario, of: Counted): number {
  const bucket = connection && bucketsOf(connection)[of];
  return now - Math.min(0, bucket?.countedAgo ?? 0);
}

function bucketsOf({
  bucket: requests,
  updates,
  connection,
  identity,
}: ScenarioConnection): Record<Counted, ScenarioConnection['bucket']> {
  return { requests, updates, connection, identity };
}
