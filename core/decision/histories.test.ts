import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evolve } from '../../projections/evolve.ts';
import { emptyState } from '../../projections/vault-state.ts';
import { contracts, fieldNames } from '../../wire/testing/contracts.ts';
import { steps, ToldHistory } from './testing/told-history.ts';

/** Every generated history, told step by step. */
function always(holds: (history: ToldHistory) => void, under = contracts): void {
  fc.assert(
    fc.property(under, steps, (contract, taken) => {
      const history = new ToldHistory(contract);
      for (const step of taken) {
        history.take(step);
        holds(history);
      }
    }),
    { numRuns: 300 },
  );
}

describe('in every generated history', () => {
  it('tokens are never negative, nor more than the contract lets one save up', () => {
    always(({ connection }) => {
      const burst = connection?.contract?.contract.limits.burst ?? 0;
      expect(connection?.bucket?.tokens ?? 0).toBeGreaterThanOrEqual(0);
      expect(connection?.bucket?.tokens ?? 0).toBeLessThanOrEqual(burst);
    });
  });

  it('a consent field is served only when the owner approved it, in a request that was held', () => {
    always(({ records }) => {
      const approved = new Map<string, readonly string[]>();
      const needed = new Map<string, readonly string[]>();
      for (const { kind, body } of records) {
        if (kind === 'decided' && !body.again) needed.set(body.request, body.facts.consent ?? []);
        if (kind === 'consented') approved.set(body.request, body.fields);
        if (kind !== 'handled') continue;
        const consent = body.provided.filter((name) => needed.get(body.request)?.includes(name));
        expect(approved.get(body.request) ?? []).toEqual(expect.arrayContaining(consent));
      }
    });
  });

  it('a request with a consent field runs only after the owner’s word', () => {
    always(({ state }) => {
      for (const { status, facts, approved } of state.requests.values())
        if (status === 'running' && (facts.consent ?? []).length > 0)
          expect(approved).toBeDefined();
    });
  });

  it('a severed connection is given nothing, whatever it asks', () => {
    always(({ records }) => {
      const end = records.findIndex(({ kind }) => kind === 'severed');
      for (const { kind, body } of end < 0 ? [] : records.slice(end)) {
        if (kind === 'decided') expect(body.reason).toBe('connection_severed');
        if (kind === 'handled') expect(body.provided).toEqual([]);
      }
    });
  });

  it('while a new version of the contract waits, nothing is allowed, held or given', () => {
    always(({ records }) => {
      let frozen = false;
      for (const { kind, body } of records) {
        if (kind === 'contract_offered') frozen = true;
        if (kind === 'contract_accepted' || kind === 'severed') frozen = false;
        if (!frozen) continue;
        if (kind === 'decided') expect(body.outcome).toBe('denied');
        if (kind === 'handled') expect(body.provided).toEqual([]);
      }
    });
  });

  it('a field that is declared to be served once is served once', () => {
    const fields = fieldNames.map((name) => ({
      name,
      tier: 'on_demand' as const,
      purpose: 'greeting',
      retention: 'P0D',
    }));
    always(
      ({ records }) => {
        const served = records.flatMap(({ kind, body }) =>
          kind === 'handled' ? body.provided : [],
        );
        expect(served.length).toBe(new Set(served).size);
      },
      contracts.map((contract) => ({ ...contract, fields })),
    );
  });

  it('folding the records again gives the same state, and never throws, in whatever order they come', () => {
    fc.assert(
      fc.property(contracts, steps, fc.infiniteStream(fc.nat()), (contract, taken, picks) => {
        const history = new ToldHistory(contract);
        for (const step of taken) history.take(step);
        expect(history.records.reduce(evolve, emptyState)).toEqual(history.state);
        const left = [...history.records];
        let state = emptyState;
        while (left.length > 0) {
          const at = (picks.next().value ?? 0) % left.length;
          for (const record of left.splice(at, 1)) state = evolve(state, record);
        }
        expect(state.size).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });
});
