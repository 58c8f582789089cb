import type { Bucket } from '../../../ledger/decision.ts';
import type { Connection } from '../../../projections/vault-state.ts';
import { now, type ScenarioConnection } from './scenario.ts';

/** A scenario's buckets, as a connection has them. */
export function bucketsOf({
  bucket,
  updates,
  connection,
  identity,
  notices,
}: ScenarioConnection): Pick<Connection, 'bucket' | 'buckets'> {
  const apart = { updates, connection, identity, notices };
  const counted = Object.entries(apart).flatMap(([name, one]) =>
    one === undefined ? [] : [[name, bucketOf(one)] as const],
  );
  const buckets = Object.fromEntries(counted);
  return bucket === undefined ? { buckets } : { bucket: bucketOf(bucket), buckets };
}

function bucketOf({ tokens, countedAgo }: NonNullable<ScenarioConnection['bucket']>): Bucket {
  return { tokens, at: now - countedAgo };
}
