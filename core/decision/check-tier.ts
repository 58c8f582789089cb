import type { Rule } from '../../projections/vault-state.ts';
import type { Tier } from '../../wire/contract.ts';
import { type CheckFunction, type Found, fail, pass, skip } from './check-result.ts';
import { isOver } from './check-retention.ts';
import type { CheckContext } from './context.ts';

/**
 * Check 13: any field of the consent tier holds the whole request, unless a remembered approval of the owner stands
 * for each of them; a type that always asks is always held. What it stood for when the request arrived must still stand when it takes effect.
 */
export const tierCheck: CheckFunction = (context) => {
  const { fields, round, consent, always } = context;
  if (fields.length === 0 && !always) return skip('the request asks for no field');
  const tiers: Record<string, Tier | null> = {};
  for (const name of fields) tiers[name] = context.declared.get(name)?.tier ?? null;
  if (always)
    return round === 'again'
      ? pass({ tiers, always })
      : { result: 'hold', inputs: { tiers, always } };
  return round === 'again'
    ? stillRemembered(context, consent, tiers)
    : firstTime(context, consent, tiers);
};

function firstTime(context: CheckContext, consent: readonly string[], tiers: object): Found {
  const rules = rulesFor(context, consent);
  const inputs = Object.keys(rules).length === 0 ? { tiers } : { tiers, rules };
  const all = consent.every((name) => rules[name] !== undefined);
  return all ? pass(inputs) : { result: 'hold', inputs };
}

function stillRemembered(context: CheckContext, consent: readonly string[], tiers: object): Found {
  const rules = context.open?.facts.rules;
  if (rules === undefined) return pass({ tiers });
  const gone = consent.filter((name) => ruleFor(context, name)?.index !== rules[name]);
  const inputs = { tiers, rules };
  return gone.length === 0
    ? pass(inputs)
    : fail('consent_denied', `no longer remembered: ${gone.join(', ')}`, inputs);
}

/** Index of the rule that stands for the owner, by field; those that have none are left out. */
export function rulesFor(context: CheckContext, names: readonly string[]): Record<string, number> {
  const rules: Record<string, number> = {};
  for (const name of names) {
    const rule = ruleFor(context, name);
    if (rule !== undefined) rules[name] = rule.index;
  }
  return rules;
}

/**
 * The rule for a field: made for this connection and event type (and the domain that an agent acts toward), for the purpose that is declared now and
 * under the contract in force, not run out. A rule is no new grant: where the field's retention is over,
 * the owner is asked. So they are where the vault has no such field: a quick refusal would betray it.
 */
function ruleFor(context: CheckContext, name: string): Rule | undefined {
  const { connection, received, time, state } = context;
  const purpose = context.declared.get(name)?.purpose;
  const rule = connection?.rules?.find(
    ({ field, type, target }) =>
      field === name && type === received.event?.type && target === context.agent?.target,
  );
  if (rule === undefined || rule.until <= time || rule.purpose !== purpose) return undefined;
  if (!state.fields.has(name)) return undefined;
  return rule.contract === connection?.contractHash && !isOver(context, name) ? rule : undefined;
}
