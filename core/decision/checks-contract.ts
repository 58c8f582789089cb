import { isMap } from '../../wire/event.ts';
import { targetMax } from '../../wire/target.ts';
import { type AgentAsk, outsideScopes, targetFault } from './agent.ts';
import { type CheckFunction, type Found, fail, pass, skip } from './check-result.ts';
import type { CheckContext } from './context.ts';

/** Check 7: made under the contract that is in force, and not frozen. */
export const contractCheck: CheckFunction = ({ received, connection, contract, time }) => {
  const named = received.event?.contract;
  const offered = connection?.offered;
  const inputs = {
    named_id: named?.id ?? null,
    named_version: named?.version ?? null,
    accepted_id: contract?.id ?? null,
    accepted_version: contract?.version ?? null,
    hash_matches: named?.hash !== undefined && named.hash === connection?.contractHash,
    expires: contract?.expires ?? null,
    ...(offered === undefined ? {} : { offered_version: offered.contract.contract.version }),
  };
  if (contract === undefined) return fail('contract_unknown', 'no contract is in force', inputs);
  if (named === undefined) return fail('contract_unknown', 'the request names none', inputs);
  if (named.id !== contract.id) return fail('contract_unknown', 'another contract', inputs);
  if (offered !== undefined)
    return fail('contract_pending', 'a new version waits for the owner', inputs);
  if (named.version !== contract.version || !inputs.hash_matches)
    return fail('contract_version_mismatch', 'another version of the contract', inputs);
  if (contract.expires !== undefined && contract.expires <= time)
    return fail('contract_expired', 'the contract has run out', inputs);
  return pass(inputs);
};

/**
 * Check 9: every field is declared, and asked for with the purpose it was declared with; what an agent asks for, it asks
 * for toward a domain that all its scopes have.
 */
export const fieldsCheck: CheckFunction = (context) => {
  const { fields, agent } = context;
  if (agent !== undefined) return scopesCheck(context, agent);
  return fields.length === 0 ? skip('the request asks for no field') : declaredCheck(context);
};

function scopesCheck(context: CheckContext, agent: AgentAsk): Found {
  const { fields } = context;
  const outside = outsideScopes(agent, fields);
  const words = { scopes: agent.scopes.map(({ name }) => name), target: shownTarget(agent) };
  if (outside.length > 0)
    return fail('field_not_in_contract', `no scope has: ${outside.join(', ')}`, {
      fields,
      ...words,
    });
  const found = declaredCheck(context);
  const inputs = { ...found.inputs, ...words };
  const wrong = targetFault(agent);
  return found.result === 'pass' && wrong !== undefined
    ? fail('purpose_mismatch', wrong, inputs)
    : { ...found, inputs };
}

function declaredCheck(context: CheckContext): Found {
  const { fields, received } = context;
  const payload = received.event?.payload;
  const purpose =
    isMap(payload) && typeof payload['purpose'] === 'string' ? payload['purpose'] : null;
  const inputs = { fields, purpose };
  const undeclared = fields.filter((name) => context.declared.get(name) === undefined);
  if (undeclared.length > 0)
    return fail('field_not_in_contract', `not declared: ${undeclared.join(', ')}`, inputs);
  const other = fields.filter(
    (name) => purpose !== null && context.declared.get(name)?.purpose !== purpose,
  );
  if (other.length > 0)
    return fail('purpose_mismatch', `declared for another purpose: ${other.join(', ')}`, inputs);
  return pass(inputs);
}

/** A stranger's text: no more of it than any domain has. */
function shownTarget({ target }: AgentAsk): string | null {
  return target === undefined ? null : target.slice(0, targetMax);
}

/** Check 10: no optional field that the owner declined. */
export const optionalCheck: CheckFunction = (context) => {
  const optional = context.fields.filter((name) => context.declared.get(name)?.tier === 'optional');
  if (optional.length === 0) return skip('no optional field is asked for');
  const accepted = context.connection?.optional ?? [];
  const inputs = { optional, accepted };
  const declined = optional.filter((name) => !accepted.includes(name));
  return declined.length === 0
    ? pass(inputs)
    : fail('optional_declined', `the owner declined ${declined.join(', ')}`, inputs);
};
