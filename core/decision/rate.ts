import type { Bucket } from '../../ledger/decision.ts';
import type { Contract } from '../../wire/contract.ts';

const hourMs = 3_600_000;

/**
 * A connection's bucket at `time`, refilled by recorded time since it was last counted. A clock that
 * goes back gives nobody anything.
 */
export function bucketAt(
  limits: Contract['limits'],
  bucket: Bucket | undefined,
  time: number,
): Bucket {
  if (bucket === undefined) return { tokens: limits.burst, at: time };
  const refilled = (Math.max(0, time - bucket.at) / hourMs) * limits.requests_per_hour;
  return {
    tokens: Math.min(limits.burst, bucket.tokens + refilled),
    at: Math.max(time, bucket.at),
  };
}

/** The bucket with one token taken; `undefined` when there is none. */
export function takeToken(bucket: Bucket): Bucket | undefined {
  return bucket.tokens < 1 ? undefined : { ...bucket, tokens: bucket.tokens - 1 };
}
