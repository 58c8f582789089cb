import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentDisagreement } from './testing/agent-agrees.ts';
import { expectedOfAgent } from './testing/agent-reference.ts';
import { agentScenarios } from './testing/agent-scenario.ts';

const numRuns = 3_000;

describe('decide, of an agent', () => {
  it('decides and counts as the specification says, in every generated case', () => {
    fc.assert(
      fc.property(agentScenarios, (scenario) => {
        expect(agentDisagreement(scenario)).toBeUndefined();
      }),
      { numRuns },
    );
  });

  it('is met by cases of every outcome, every check that looks at a grant, and cool-downs that begin', () => {
    const met = fc.sample(agentScenarios, { numRuns, seed: 1 }).map(expectedOfAgent);
    const checks = new Set(met.map(({ outcome, check }) => check ?? outcome));
    expect([...checks]).toEqual(
      expect.arrayContaining([
        ...['allowed', 'pending', 'sender', 'connection', 'payload', 'contract'],
        ...['permission', 'fields', 'rate', 'tier'],
      ]),
    );
    expect(met.some(({ cooling }) => cooling?.until !== undefined)).toBe(true);
    expect(met.some(({ cooling }) => cooling !== undefined && cooling.until === undefined)).toBe(
      true,
    );
  });
});
