import type { Connection, VaultState } from '../../projections/vault-state.ts';
import type { AskedConnection } from '../../wire/asked-connection.ts';
import { parseInvite } from '../../wire/invite.ts';
import { wireTypes } from '../../wire/messages.ts';
import { agentFault } from './checks-agent.ts';
import { type CommandFault, fault } from './command-fault.ts';

/** What names a peer: requires a payload that fits its schema. */
type ToPeer = { readonly connection: string };

/** What is wrong with what a party that asks to connect says it is: a peer or an agent where the owner invited a service, or the other way. */
export function askerFault(
  asker: Connection | undefined,
  payload: AskedConnection,
): CommandFault | undefined {
  const { contract, peer, account, agent } = payload;
  if (asker?.kind === 'agent') return agentFault(payload);
  if (asker?.kind !== 'peer')
    return contract === undefined || peer !== undefined || agent !== undefined
      ? fault('schema_invalid', 'who is invited as a service asks under a contract')
      : undefined;
  if (peer === undefined || (contract ?? account ?? agent) !== undefined)
    return fault('schema_invalid', 'who is invited as a peer says who it is, and nothing else');
  // Whoever we have reached out to has our invite and knows the way; whoever we have invited tells us theirs.
  if ((peer.invite === undefined) !== (asker.dial !== undefined))
    return fault('schema_invalid', 'one of the two vaults brings an invite');
  return peer.invite === undefined || parseInvite(peer.invite) !== undefined
    ? undefined
    : fault('malformed', 'the invite of the peer is none');
}

/** What keeps the owner from reaching out with an invite. */
export function connectFault(
  state: VaultState,
  { invite: text }: { readonly invite: string },
  time: number,
): CommandFault | undefined {
  const invite = parseInvite(text);
  if (invite === undefined) return fault('malformed', 'this is not an invite');
  if (invite.vault === state.vault) return fault('malformed', 'this invite is of your own vault');
  if (invite.expires <= time) return fault('expired', 'this invite has expired');
  const used = state.connections.some(
    ({ dial }) => dial !== undefined && parseInvite(dial.invite)?.connection === invite.connection,
  );
  return used ? fault('duplicate', 'this invite was used before') : undefined;
}

/** What keeps the owner from sharing something with a peer. */
export function shareFault(
  state: VaultState,
  payload: ToPeer & { readonly fields: readonly string[]; readonly consent: readonly string[] },
): CommandFault | undefined {
  const twice = payload.fields.filter((name) => payload.consent.includes(name));
  if (twice.length > 0)
    return fault('malformed', `both at any time and on consent: ${twice.join(', ')}`);
  return activePeerFault(state, payload);
}

/** What keeps the owner from asking a peer for something. */
export function askFault(
  state: VaultState,
  payload: ToPeer & { readonly type: string },
): CommandFault | undefined {
  const own = Object.hasOwn(wireTypes, payload.type) && payload.type !== 'peer.shares';
  if (own) return fault('event_unsupported', `${payload.type} is not for you to ask`);
  const wrong = activePeerFault(state, payload);
  if (wrong !== undefined) return wrong;
  return state.connections.get(payload.connection)?.dial?.accepted === undefined
    ? fault('connection_inactive', 'the peer has not let this vault in yet')
    : undefined;
}

function activePeerFault(state: VaultState, { connection }: ToPeer): CommandFault | undefined {
  const peer = state.connections.get(connection);
  if (peer === undefined || peer.kind !== 'peer')
    return fault('connection_unknown', 'no such peer');
  return peer.status === 'active'
    ? undefined
    : fault('connection_inactive', `this connection is ${peer.status}`);
}

/** Only a peer may ask what is shared with it. */
export function sharesFault(sender: Connection | undefined): CommandFault | undefined {
  return sender?.kind === 'peer'
    ? undefined
    : fault('event_unsupported', 'nothing is shared with a service but by its contract');
}
