import { type CheckName, checkNames, type DecisionFacts } from '../../../ledger/decision.ts';
import type { ContractField } from '../../../wire/contract.ts';
import { alwaysAsks, asked, type Expected, namesOf } from './reference-model.ts';
import { hourMs } from './reference-tokens.ts';
import { handled, spaces } from './reference-types.ts';
import { now, type Scenario } from './scenario.ts';

/** What the specification says that is recorded with a decision. */
export type Recorded = {
  /** Of the payload, where it fits: nothing that does not is recorded. */
  readonly payload: PayloadFacts;
  /** Checks that had something to look at, and were not left out for an earlier one that failed. */
  readonly looked: readonly CheckName[];
};

type PayloadFacts = Pick<
  DecisionFacts,
  'fields' | 'consent' | 'session' | 'once' | 'deadline' | 'always'
>;

/** What must be recorded, given what must be decided. */
export function expectedRecord(scenario: Scenario, said: Expected): Recorded {
  return { payload: payloadFacts(scenario, said), looked: looked(scenario, said) };
}

function looked(scenario: Scenario, { check: failing, tokens }: Expected): CheckName[] {
  const { round, type, expiresIn, connection } = scenario;
  const first = round === 'first';
  const contracted = spaces[type] === undefined;
  const found = asked(scenario);
  const sees: Readonly<Record<CheckName, boolean>> = {
    envelope: first,
    sender: first,
    freshness: first || expiresIn !== undefined,
    connection: true,
    event_type: true,
    payload: true,
    contract: contracted,
    permission: contracted && handled[type]?.permission !== undefined,
    fields: contracted && namesOf(scenario).length > 0,
    optional: contracted && found.some(({ tier }) => tier === 'optional'),
    retention:
      contracted &&
      found.some(
        ({ name, retention }) =>
          retention !== 'until_revoked' && connection?.servedAgo[name] !== undefined,
      ),
    rate: tokens !== undefined,
    tier: namesOf(scenario).length > 0 || alwaysAsks(scenario),
  };
  const end = failing === undefined ? checkNames.length : checkNames.indexOf(failing) + 1;
  return checkNames.filter((name, at) => sees[name] && (at < end || name === 'rate'));
}

const unread: ReadonlySet<CheckName> = new Set([
  'envelope',
  'sender',
  'freshness',
  'connection',
  'event_type',
  'payload',
]);

function payloadFacts(scenario: Scenario, { outcome, check }: Expected): PayloadFacts {
  if (check !== undefined && unread.has(check)) return {};
  const listed = (names: readonly string[]): string[] | undefined =>
    names.length === 0 ? undefined : [...names];
  const known = (is: (field: ContractField) => boolean): string[] | undefined =>
    listed(
      namesOf(scenario).filter((name) =>
        asked(scenario).some((one) => one.name === name && is(one)),
      ),
    );
  const week = 7 * 24 * hourMs;
  return {
    fields: listed(namesOf(scenario)),
    consent: known(({ tier }) => tier === 'consent'),
    session: outcome === 'denied' ? undefined : known(({ retention }) => retention === 'session'),
    once: handled[scenario.type]?.once ? `${'c'.repeat(26)}/payment.request/A-1` : undefined,
    deadline: outcome === 'pending' ? now + Math.min(scenario.expiresIn ?? week, week) : undefined,
    always: outcome === 'pending' && alwaysAsks(scenario) ? true : undefined,
  } as PayloadFacts;
}
