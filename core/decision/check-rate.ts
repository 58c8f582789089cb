import type { Bucket } from '../../ledger/decision.ts';
import { type Found, fail, pass, skip } from './check-result.ts';
import type { CheckContext } from './context.ts';
import { bucketAt, takeToken } from './rate.ts';

/** What check 12 found, and the bucket after it where one was counted. */
export type RateFound = { readonly found: Found; readonly bucket?: Bucket };

/**
 * Check 12: there is a token. Runs although one of 4 to 11 failed, so that probing costs tokens. Failures of 1 to 3
 * cost none: someone else could cause them with an honest party's envelopes.
 * @param early - whether one of 1 to 3 failed
 */
export function rateCheck(context: CheckContext, early: boolean): RateFound {
  const { connection, time, round, wireType } = context;
  if (round === 'again') return { found: skip('counted when it arrived') };
  if (wireType !== undefined) return { found: skip('not under a contract') };
  if (early || connection?.contract === undefined)
    return { found: skip('nobody to count it against') };
  const { limits } = connection.contract.contract;
  const bucket = bucketAt(limits, connection.bucket, time);
  const taken = takeToken(bucket);
  const inputs = { tokens: bucket.tokens, ...limits };
  return taken === undefined
    ? { found: fail('rate_limited', 'the contract allows no more for now', inputs), bucket }
    : { found: pass(inputs), bucket: taken };
}
