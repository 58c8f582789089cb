import { agentTermsSchema } from './agent-grant.ts';
import { type Contract, contractSchema } from './contract.ts';
import { schemaFault } from './json-schema.ts';
import type { JsonSchema } from './manifest.ts';

/** JSON Schema of what a vault draws up of a grant: a contract, and the member that only an agent's has. */
const agentContractSchema: JsonSchema = {
  ...contractSchema,
  properties: { ...(contractSchema['properties'] as object), agent: agentTermsSchema },
  required: [...(contractSchema['required'] as readonly string[]), 'agent'],
};

/**
 * What an agent may do, in what its vault says of it (`{contract: {contract, key, signature}}`). The session vouches for
 * it: the vault's own signature would say no more. `undefined` for anything out of form.
 */
export function grantTold(told: unknown): Contract | undefined {
  const contract = memberOf(memberOf(told, 'contract'), 'contract');
  return schemaFault(agentContractSchema, contract) === undefined
    ? (contract as Contract)
    : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as { readonly [member: string]: unknown })[name];
}
