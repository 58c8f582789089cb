import type { Bucket, DecisionFacts } from '../../ledger/decision.ts';
import { connectionLimit, identityLimit, type TypeLimit } from '../../wire/type-limits.ts';
import { type Found, fail, type Inputs, pass, skip } from './check-result.ts';
import type { CheckContext } from './context.ts';
import { refilled, takeToken } from './rate.ts';

/** What check 12 found, and the buckets after it. */
export type Counted = {
  readonly found: Found;
  readonly facts: Pick<DecisionFacts, 'bucket' | 'buckets'>;
};

/**
 * Check 12 runs although one of 4 to 11 failed, so that probing costs tokens. Failures of 1 to 3
 * cost those of another bucket: someone else could cause them with an honest party's envelopes.
 * @param early - whether one of 1 to 3 failed
 */
export function rateCheck(context: CheckContext, early: boolean): Counted {
  if (context.round === 'again') return uncounted('counted when it arrived');
  if (early) return countApart(context, identityLimit);
  if (context.wireType === undefined) return countRequest(context);
  const limit = limitOf(context);
  return limit === undefined ? uncounted('not under a contract') : countApart(context, limit);
}

/** The owner's own words are not counted; in the mouth of a party they are. */
function limitOf({ wireType, subject }: CheckContext): TypeLimit | undefined {
  return wireType?.limit ?? (subject?.space === 'owner' ? undefined : connectionLimit);
}

/** Requests of handlers' types: as often as the contract allows. */
function countRequest(context: CheckContext): Counted {
  const { connection, time } = context;
  if (connection?.contract === undefined) return uncounted('nobody to count it against');
  const { limits } = connection.contract.contract;
  const limit = { perHour: limits.requests_per_hour, burst: limits.burst };
  const bucket = refilled(connection.bucket, limit, time);
  const taken = takeToken(bucket);
  const inputs = { tokens: bucket.tokens, ...limits };
  return taken === undefined
    ? counted(fail('rate_limited', 'the contract allows no more for now', inputs), { bucket })
    : countNotice(context, taken, inputs);
}

/** Messages to the owner are counted a second time: as often as the contract allows those. */
function countNotice(context: CheckContext, bucket: Bucket, requests: Inputs): Counted {
  const { connection, contract, handledType, time } = context;
  if (handledType?.notifies !== true) return counted(pass(requests), { bucket });
  const perHour = contract?.limits.notifications_per_hour ?? 0;
  const notices = refilled(connection?.buckets?.notices, { perHour, burst: perHour }, time);
  const taken = takeToken(notices);
  const inputs = { ...requests, notices: notices.tokens };
  return taken === undefined
    ? counted(fail('notification_limit', 'the contract allows no more messages for now', inputs), {
        bucket,
        buckets: { notices },
      })
    : counted(pass(inputs), { bucket, buckets: { notices: taken } });
}

/** The standard's own types: as often as the standard allows. */
function countApart({ connection, time }: CheckContext, limit: TypeLimit): Counted {
  if (connection === undefined) return uncounted('nobody to count it against');
  const bucket = refilled(connection.buckets?.[limit.counted], limit, time);
  const taken = takeToken(bucket);
  const inputs = { tokens: bucket.tokens, per_hour: limit.perHour, burst: limit.burst };
  const left = (after: Bucket): Counted['facts'] => ({ buckets: { [limit.counted]: after } });
  return taken === undefined
    ? counted(fail('rate_limited', 'the standard allows no more for now', inputs), left(bucket))
    : counted(pass(inputs), left(taken));
}

function counted(found: Found, facts: Counted['facts']): Counted {
  return { found, facts };
}

function uncounted(detail: string): Counted {
  return counted(skip(detail), {});
}
