import type { ConnectionStatus, VaultState } from '../../projections/vault-state.ts';
import type { Reason } from '../../wire/reasons.ts';

/** Why a command cannot be carried out as things stand. */
export type CommandFault = { readonly reason: Reason; readonly detail: string };

/** What is wrong, with its private detail. */
export function fault(reason: Reason, detail: string): CommandFault {
  return { reason, detail };
}

/** What is wrong with the service or peer that a command names, unless it stands where it must. */
export function statusFault(
  state: VaultState,
  payload: unknown,
  statuses: readonly ConnectionStatus[],
): CommandFault | undefined {
  const connection = state.connections.get((payload as { connection: string }).connection);
  if (connection === undefined || connection.kind === 'owner')
    return fault('connection_unknown', 'no such connection');
  return statuses.includes(connection.status)
    ? undefined
    : fault('connection_inactive', `this connection is ${connection.status}`);
}
