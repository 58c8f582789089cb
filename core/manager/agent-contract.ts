import type { InstalledHandler } from '../../ledger/bodies.ts';
import { fieldsGranted } from '../../wire/agent-grant.ts';
import type { AgentGrant, GrantScope } from '../../wire/agent-terms.ts';
import { type Contract, contractHash } from '../../wire/contract.ts';
import type { Permission } from '../../wire/manifest.ts';
import { handledType } from '../decision/served-scopes.ts';

/** Whom a grant is for. */
export type GrantedTo = {
  /** Id and name of the connection. */
  readonly id: string;
  readonly name: string;
  /** What was in force before. */
  readonly before?: Contract;
};

/**
 * A grant as a contract of the vault's own: the checks hold an agent's requests against it as they hold a service's
 * against its contract. Scopes stand in the fields, permissions and limits that they come to, and beside them as they are.
 * @param expires - when it ends, Unix milliseconds
 * @param time - when it is drawn up, Unix milliseconds
 */
export function agentContract(
  { id, name, before }: GrantedTo,
  grant: AgentGrant,
  handlers: readonly InstalledHandler[],
  { time, expires }: { readonly time: number; readonly expires: number },
): Contract {
  const { scopes, rate, cool_down, storage } = grant;
  const notices = scopes
    .filter(({ type }) => handledType(handlers, type)?.notifies === true)
    .reduce((sum, scope) => sum + scope.rate.per_hour, 0);
  return {
    v: 1,
    id: `agent.${id}`,
    version: (before?.version ?? 0) + 1,
    ...(before === undefined ? {} : { previous: contractHash(before) }),
    service: { id, name },
    title: 'What an agent may do',
    description: 'What the owner of this vault lets an agent do, in their own words.',
    published: time,
    expires,
    fields: fieldsGranted(grant),
    permissions: permissionsOf(scopes, handlers),
    limits: {
      requests_per_hour: rate.per_hour,
      burst: rate.burst,
      ...(notices === 0 ? {} : { notifications_per_hour: notices }),
    },
    ...(storage === undefined ? {} : { storage }),
    agent: { scopes, cool_down },
  };
}

function permissionsOf(
  scopes: readonly GrantScope[],
  handlers: readonly InstalledHandler[],
): Contract['permissions'] {
  const needed = new Set(scopes.map(({ type }) => handledType(handlers, type)?.permission));
  const may = (permission: Permission): boolean => needed.has(permission);
  return {
    ...{ store: may('store'), messages: may('messages'), authentication: may('authentication') },
    ...{ payment: may('payment'), signatures: may('signatures'), identity: may('identity') },
    location: may('location'),
  };
}
