import type { Bucket } from '../../ledger/decision.ts';

const hourMs = 3_600_000;

/** How fast a bucket fills, and how much it holds. */
export type BucketLimit = { readonly perHour: number; readonly burst: number };

/** A bucket at `time`; full where nothing was counted yet. A clock that goes back gives nothing. */
export function refilled(
  bucket: Bucket | undefined,
  { perHour, burst }: BucketLimit,
  time: number,
): Bucket {
  if (bucket === undefined) return { tokens: burst, at: time };
  const gained = (Math.max(0, time - bucket.at) / hourMs) * perHour;
  return { tokens: Math.min(burst, bucket.tokens + gained), at: Math.max(time, bucket.at) };
}

/** The bucket with one token taken; `undefined` when there is none. */
export function takeToken(bucket: Bucket): Bucket | undefined {
  return bucket.tokens < 1 ? undefined : { ...bucket, tokens: bucket.tokens - 1 };
}
