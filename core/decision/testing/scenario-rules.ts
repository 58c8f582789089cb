import type { Rule } from '../../../projections/vault-state.ts';
import { contractHash } from '../../../wire/contract.ts';
import { fieldNames } from '../../../wire/testing/contracts.ts';
import { handled } from './reference-types.ts';
import { now, type Scenario, type ScenarioConnection } from './scenario.ts';
import { inForce } from './scenario-contract.ts';

/** Index of the record in which a field's approval was remembered. */
export function ruleIndex(name: string, rules: Scenario['before']['rules']): number {
  return 100 + fieldNames.indexOf(name) + (rules === 'replaced since' ? 50 : 0);
}

/** On what a request was allowed without asking, where it was; one of a type that always asks never is. */
export function rulesBefore(scenario: Scenario): Record<string, number> | undefined {
  const { type, before, fields, connection } = scenario;
  if (before.rules === 'none' || handled[type]?.always === true) return undefined;
  if (!fields.every((name) => connection?.remembered[name])) return undefined;
  return Object.fromEntries(fields.map((name) => [name, ruleIndex(name, before.rules)]));
}

/** What is remembered, as the state keeps it. */
export function rulesOf({
  remembered,
  contract,
  contractExpiresIn,
}: ScenarioConnection): [number, Rule][] {
  const accepted = contract && contractHash(inForce(contract, contractExpiresIn));
  return Object.entries(remembered).map(([field, { endsIn, fits }]) => {
    const purpose = contract?.fields.find(({ name }) => name === field)?.purpose ?? '';
    const index = ruleIndex(field, 'those of now');
    const rule: Rule = {
      index,
      at: now - 1,
      connection: 'c'.repeat(26),
      field,
      type: fits === 'other type' ? 'payment.request' : 'data.request',
      purpose: fits === 'other purpose' ? `${purpose}_too` : purpose,
      contract: fits === 'other contract' ? 'b'.repeat(64) : (accepted ?? ''),
      until: now + endsIn,
      device: '',
    };
    return [index, rule];
  });
}
