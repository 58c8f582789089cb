import fc from 'fast-check';
import { expect, it } from 'vitest';
import { disagreement } from '../../core/decision/testing/agrees.ts';
import { scenarios } from '../../core/decision/testing/scenario.ts';
import { seededRandom } from './seeded-random.ts';

const numRuns = 1_000_000;

it('decides a million generated cases as the specification says', () => {
  const { seed } = seededRandom('reference model');
  const differs = fc.property(scenarios, (scenario) => disagreement(scenario) === undefined);
  const { failed, counterexample } = fc.check(differs, { numRuns, seed });
  const [scenario] = counterexample ?? [];
  expect(scenario && { scenario, differs: disagreement(scenario) }).toBeUndefined();
  expect(failed).toBe(false);
});
