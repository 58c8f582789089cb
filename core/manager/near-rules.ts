import type { Connection, OpenRequest, Rule } from '../../projections/vault-state.ts';
import { targetOf } from '../decision/agent.ts';

/** A remembered approval for a field of a held request, and why the owner is asked all the same. */
export type NearRule = {
  /** Index of its record. */
  readonly rule: number;
  readonly field: string;
  /** Unix milliseconds. */
  readonly until: number;
  /**
   * It had run out, is for another purpose or under other terms; the field's retention is over, or the vault has no
   * such field (`asked_again`); or it stands, but not for all that is asked for.
   */
  readonly why: 'run_out' | 'other_purpose' | 'other_terms' | 'asked_again' | 'not_for_all';
};

/** Remembered approvals that nearly stood for the owner when the request arrived. */
export function nearRules(request: OpenRequest, connection: Connection): readonly NearRule[] {
  const { facts, received } = request;
  const asked = targetOf(connection, received.event?.payload);
  const rules = connection.rules?.valueSeq().toArray() ?? [];
  return rules
    .filter(({ target }) => target === asked)
    .filter(({ field, type }) => facts.consent?.includes(field) && type === received.event?.type)
    .map((rule) => ({
      rule: rule.index,
      field: rule.field,
      until: rule.until,
      why: whyNot(rule, request, connection),
    }));
}

function whyNot(rule: Rule, request: OpenRequest, connection: Connection): NearRule['why'] {
  const declared = connection.contract?.contract.fields.find(({ name }) => name === rule.field);
  if (rule.until <= request.receivedAt) return 'run_out';
  if (rule.purpose !== declared?.purpose) return 'other_purpose';
  if (rule.contract !== connection.contractHash) return 'other_terms';
  const consent = request.facts.consent ?? [];
  const all = consent.every((name) => connection.rules?.some(({ field }) => field === name));
  return all ? 'asked_again' : 'not_for_all';
}
