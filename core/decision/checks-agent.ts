import type { Connection, VaultState } from '../../projections/vault-state.ts';
import { contradictionIn, grantEnd } from '../../wire/agent-grant.ts';
import type { AgentGrant } from '../../wire/agent-terms.ts';
import type { AskedConnection } from '../../wire/asked-connection.ts';
import { type CommandFault, fault } from './command-fault.ts';
import { unservedIn } from './served-scopes.ts';

/** What keeps the owner from inviting: a grant that cannot be drawn up, or one for another vault. */
export function inviteFault(
  state: VaultState,
  { peer, agent }: { readonly peer?: boolean; readonly agent?: AgentGrant },
  time: number,
): CommandFault | undefined {
  if (agent === undefined) return undefined;
  return peer === true
    ? fault('malformed', 'a peer is no agent: what you share with it you say later')
    : grantFault(state, agent, time);
}

/** What keeps the owner from giving an agent another grant. */
export function agentGrantFault(
  state: VaultState,
  { connection: id, grant }: { readonly connection: string; readonly grant: AgentGrant },
  time: number,
): CommandFault | undefined {
  const agent = state.connections.get(id);
  if (agent?.kind !== 'agent') return fault('connection_unknown', 'no such agent');
  if (agent.status === 'declined' || agent.status === 'severed')
    return fault('connection_inactive', `this connection is ${agent.status}`);
  return grantFault(state, grant, time);
}

function grantFault(state: VaultState, grant: AgentGrant, time: number): CommandFault | undefined {
  const wrong = contradictionIn(grant) ?? unservedIn(grant, state.handlers);
  if (wrong !== undefined) return fault('malformed', wrong);
  return grantEnd(grant, time) === undefined
    ? fault('malformed', 'a grant ends later than now, and within a year')
    : undefined;
}

/** What is wrong with what an agent says that asks to connect. */
export function agentFault({ contract, peer, agent }: AskedConnection): CommandFault | undefined {
  return agent === undefined || contract !== undefined || peer !== undefined
    ? fault(
        'schema_invalid',
        'who is invited as an agent says that it is one, and brings no contract',
      )
    : undefined;
}

/** Only an agent may ask what it may do. */
export function agentAsksFault(sender: Connection | undefined): CommandFault | undefined {
  return sender?.kind === 'agent'
    ? undefined
    : fault('event_unsupported', 'only an agent has a grant');
}
