import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkNames } from '../../ledger/decision.ts';
import { decide } from './decide.ts';
import { disagreement } from './testing/agrees.ts';
import { expected } from './testing/reference-model.ts';
import { scenarios } from './testing/scenario.ts';
import { given } from './testing/scenario-state.ts';

const numRuns = 10_000;

describe('decide', () => {
  it('decides as the specification says, in every generated case', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        expect(disagreement(scenario)).toBeUndefined();
      }),
      { numRuns },
    );
  });

  it('is met by cases in which every check is the first to fail, and by every outcome', () => {
    const met = new Set(
      fc.sample(scenarios, { numRuns, seed: 1 }).map((scenario) => {
        const { outcome, check } = expected(scenario);
        return check ?? outcome;
      }),
    );
    expect([...met].toSorted()).toEqual([...checkNames, 'allowed', 'pending'].toSorted());
  });

  it('is met by cases in which the owner’s word grants anew, and by ones in which what is remembered answers', () => {
    const met = fc.sample(scenarios, { numRuns, seed: 1 }).map(expected);
    expect(met.some(({ granted = [] }) => granted.length > 0)).toBe(true);
    for (const round of ['first', 'again'])
      expect(
        fc
          .sample(scenarios, { numRuns, seed: 1 })
          .filter((scenario) => scenario.round === round)
          .some((scenario) => (expected(scenario).remembered ?? []).length > 0),
      ).toBe(true);
  });

  it('allows nothing outside the contract', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { state, received, time } = given(scenario);
        const { outcome, facts } = decide(state, received, time, scenario.round);
        const fields = scenario.connection?.contract?.fields ?? [];
        const declared = fields.map(({ name }) => name);
        if (outcome !== 'denied')
          expect(declared).toEqual(expect.arrayContaining([...(facts.fields ?? [])]));
      }),
    );
  });

  it('releases no field of the consent tier on arrival for which no approval is remembered', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { state, received, time } = given(scenario);
        const { outcome, facts } = decide(state, received, time);
        if (outcome === 'allowed')
          expect(Object.keys(facts.rules ?? {})).toEqual([...(facts.consent ?? [])]);
      }),
    );
  });

  it('takes no word of the owner that comes when the wait is over', () => {
    const word = { request: 'waits', deadlineIn: 0, hash: 'right', fields: 'all' } as const;
    const late = scenarios
      .filter(({ type, round }) => type === 'owner.approve' && round === 'first')
      .map((scenario) => ({ ...scenario, word }));
    fc.assert(
      fc.property(late, (scenario) => {
        const { state, received, time } = given(scenario);
        expect(decide(state, received, time).outcome).toBe('denied');
      }),
    );
  });

  it('has a result for all thirteen checks in their order, and gives the same again', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { state, received, time } = given(scenario);
        const decision = decide(state, received, time, scenario.round);
        expect(decision.checks.map(({ check }) => check)).toEqual(checkNames);
        expect(decide(state, received, time, scenario.round)).toEqual(decision);
      }),
    );
  });
});
