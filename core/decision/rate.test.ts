import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Bucket } from '../../ledger/decision.ts';
import { refilled, takeToken } from './rate.ts';

const hour = 3_600_000;

it('a bucket gives what it holds and what it gained, and no more for a clock that goes back and forth', () => {
  const limits = fc.record({ perHour: fc.nat(1_000), burst: fc.integer({ min: 1, max: 100 }) });
  const times = fc.array(fc.nat(10 * hour), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(limits, times, (limit, moments) => {
      let bucket: Bucket | undefined;
      let taken = 0;
      for (const time of moments) {
        const full: Bucket = refilled(bucket, limit, time);
        expect(full.at).toBeGreaterThanOrEqual(bucket?.at ?? 0);
        expect(full.tokens).toBeLessThanOrEqual(limit.burst);
        const after = takeToken(full);
        if (after !== undefined) taken += 1;
        bucket = after ?? full;
        expect(bucket.tokens).toBeGreaterThanOrEqual(0);
      }
      const passed = Math.max(...moments) - (moments[0] ?? 0);
      expect(taken).toBeLessThanOrEqual(limit.burst + (passed / hour) * limit.perHour + 1e-6);
    }),
  );
});
