import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../ledger/bodies.ts';
import { evolve } from '../../projections/evolve.ts';
import { emptyState, eventKey } from '../../projections/vault-state.ts';
import { contracts, fieldNames } from '../../wire/testing/contracts.ts';
import { day } from './testing/scenario.ts';
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

type Serving = { readonly epoch: number; readonly time: number };

/** What was served of each field, from one grant of it to the next. */
function servingsPerGrant(records: readonly LedgerRecord[]): Serving[][] {
  const open = new Map<string, Serving[]>();
  const done: Serving[][] = [];
  const epochs = new Map<string, number>();
  for (const { kind, body, time } of records) {
    if (kind === 'received') epochs.set(eventKey(body.connection, body.id), body.epoch);
    if (kind === 'granted') for (const name of body.fields) open.delete(name);
    if (kind !== 'handled') continue;
    for (const name of body.provided) {
      const served = open.get(name) ?? [];
      if (served.length === 0) done.push(served);
      served.push({ epoch: epochs.get(body.request) ?? 0, time });
      open.set(name, served);
    }
  }
  return done;
}

function fieldOf(record: LedgerRecord | undefined): string {
  return record?.kind === 'remembered' ? record.body.field : '';
}

describe('in every generated history', () => {
  it('tokens are never negative, nor more than the contract lets one save up', () => {
    always(({ connection }) => {
      const burst = connection?.contract?.contract.limits.burst ?? 0;
      expect(connection?.bucket?.tokens ?? 0).toBeGreaterThanOrEqual(0);
      expect(connection?.bucket?.tokens ?? 0).toBeLessThanOrEqual(burst);
    });
  });

  it('nor are those of the buckets that the standard sets, whatever fails and wherever the clock goes', () => {
    const most: Readonly<Record<string, number>> = { updates: 4, connection: 60, identity: 300 };
    always(({ connection }) => {
      for (const [name, { tokens }] of Object.entries(connection?.buckets ?? {})) {
        expect(tokens).toBeGreaterThanOrEqual(0);
        expect(tokens).toBeLessThanOrEqual(most[name] ?? Number.POSITIVE_INFINITY);
      }
    });
  });

  it('a consent field is served only on the owner’s yes to the request, or on one that is remembered still', () => {
    always(({ records }) => {
      const approved = new Map<string, readonly string[]>();
      const needed = new Map<string, readonly string[]>();
      const rules = new Map<string, number>();
      for (const { kind, body, index, time } of records) {
        if (kind === 'decided' && !body.again) needed.set(body.request, body.facts.consent ?? []);
        if (kind === 'consented') approved.set(body.request, body.fields);
        if (kind === 'remembered') rules.set(body.field, body.until);
        if (kind === 'rule_revoked') {
          const revoked = records[body.rule];
          const isLast = records
            .slice(body.rule + 1, index)
            .every((later) => later.kind !== 'remembered' || later.body.field !== fieldOf(revoked));
          if (isLast) rules.delete(fieldOf(revoked));
        }
        if (kind !== 'handled') continue;
        const consent = body.provided.filter((name) => needed.get(body.request)?.includes(name));
        const said = approved.get(body.request) ?? [];
        const left = consent.filter((name) => !said.includes(name));
        for (const name of left) expect(rules.get(name) ?? 0).toBeGreaterThan(time);
      }
    });
  });

  it('a request with a consent field runs only after the owner’s word, or on what is remembered for all of them', () => {
    always(({ state }) => {
      for (const { status, facts, approved } of state.requests.values())
        if (status === 'running' && (facts.consent ?? []).length > 0)
          expect(approved ?? Object.keys(facts.rules ?? {})).toEqual(
            approved === undefined ? expect.arrayContaining([...(facts.consent ?? [])]) : approved,
          );
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

  it('a field that is declared to be served once is served once for each time that it was granted', () => {
    const fields = fieldNames.map((name) => ({
      name,
      tier: 'on_demand' as const,
      purpose: 'greeting',
      retention: 'P0D',
    }));
    always(
      ({ records }) => {
        for (const served of servingsPerGrant(records)) expect(served.length).toBe(1);
      },
      contracts.map((contract) => ({ ...contract, fields })),
    );
  });

  it('a field of retention session is served in one session for each time that it was granted', () => {
    const fields = fieldNames.map((name) => ({
      name,
      tier: 'on_demand' as const,
      purpose: 'greeting',
      retention: 'session',
    }));
    always(
      ({ records }) => {
        for (const served of servingsPerGrant(records)) {
          expect(new Set(served.map(({ epoch }) => epoch)).size).toBe(1);
          const [first, last] = [served[0], served.at(-1)];
          expect((last?.time ?? 0) - (first?.time ?? 0)).toBeLessThan(day);
        }
      },
      contracts.map((contract) => ({ ...contract, fields })),
    );
  });

  it('what is remembered outlives no retention: then the owner is asked, and their yes begins it anew', () => {
    const fields = fieldNames.map((name) => ({
      name,
      tier: 'consent' as const,
      purpose: 'greeting',
      retention: 'P0D',
    }));
    always(
      ({ records }) => {
        const yes = new Map<string, number>();
        const ruled = new Map<string, readonly string[]>();
        for (const { kind, body } of records) {
          if (kind === 'consented')
            for (const name of body.fields) yes.set(name, (yes.get(name) ?? 0) + 1);
          if (kind === 'decided') ruled.set(body.request, Object.keys(body.facts.rules ?? {}));
          if (kind !== 'handled') continue;
          // What is served once: by rules no oftener than the owner has said yes.
          for (const name of body.provided.filter((one) =>
            ruled.get(body.request)?.includes(one),
          )) {
            yes.set(name, (yes.get(name) ?? 0) - 1);
            expect(yes.get(name)).toBeGreaterThanOrEqual(0);
          }
        }
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
