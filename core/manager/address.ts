import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Connection, VaultState } from '../../projections/vault-state.ts';
import { type Answer, connectionMovedType } from '../../wire/messages.ts';
import { sameServers, serversIn } from '../../wire/servers.ts';
import { inTurns } from './in-turns.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * Where the vault is reached. The owner says it, since only the owner knows what stands in front of the vine; until
 * they have, and when they take it back, it is the vine's own address. Whoever is connected is told, again with each new epoch of theirs, until
 * they have said which list they keep.
 */

/** Addresses that an invite names, and that the connected are told. */
export function serversOf({ admission }: VaultParts, { address }: VaultState): readonly string[] {
  const named = address?.servers ?? [];
  return named.length > 0 ? named : admission.servers;
}

/** Records other addresses, or with none the vine's own again, and tells everybody; does nothing where that is in force. */
export async function moveTo(
  parts: VaultParts,
  turn: Turn,
  servers: readonly string[],
  from: number,
): Promise<void> {
  const { batch } = turn;
  const { address, scope } = batch.state;
  if (sameServers(address?.servers ?? [], servers)) return;
  batch.add({ kind: 'moved', scope, cause: from, body: { servers } });
  await tellAddress(parts, turn);
}

/** Tells every connection that has not said yet that it keeps the addresses in force, some in each turn. */
export function tellAddress(parts: VaultParts, turn: Turn): Promise<void> {
  return inTurns(turn, behind(turn.batch.state), (next, id) => tellAddressTo(parts, next, id));
}

/** Tells one connection; nothing where it knows already. */
export async function tellAddressTo(
  parts: VaultParts,
  { batch }: Turn,
  connection: string,
  from?: number,
): Promise<void> {
  const { address, connections } = batch.state;
  const known = connections.get(connection);
  if (address === undefined || known === undefined || !isBehind(batch.state, known)) return;
  const cause = from === undefined ? {} : { from };
  const payload = { servers: serversOf(parts, batch.state) };
  await parts.sealer.queue(batch, { connection, type: connectionMovedType, payload, ...cause });
}

/** A peer says which addresses it keeps: recorded where it is news, and answered with those in force. */
export async function answerServers(
  parts: VaultParts,
  { batch }: Turn,
  { connection, event }: ReceivedEvent,
  from: number,
): Promise<Answer> {
  const type = event?.type ?? '';
  const { state } = batch;
  const known = state.connections.get(connection);
  if (known === undefined) return { status: 'refused', type, code: 'connection_unknown' };
  const servers = serversOf(parts, state);
  const kept = serversIn(event?.payload);
  const { address } = state;
  if (
    address !== undefined &&
    kept !== undefined &&
    isBehind(state, known) &&
    sameServers(kept, servers)
  ) {
    const body = { connection, moved: address.index };
    batch.add({ kind: 'servers_known', scope: known.scope, cause: from, body });
  }
  return { status: 'served', type, result: { servers } };
}

function isBehind({ address }: VaultState, { kind, status, keeps }: Connection): boolean {
  return kind !== 'owner' && status === 'active' && keeps !== address?.index;
}

function behind(state: VaultState): string[] {
  return state.connections
    .valueSeq()
    .filter((known) => isBehind(state, known))
    .map(({ id }) => id)
    .toArray();
}
