import { type OpenRequest, ownerConnection } from '../../projections/vault-state.ts';
import { isMap } from '../../wire/event.ts';
import { messageReceivedType } from '../../wire/messages.ts';
import type { Effect } from '../host/handler-port.ts';
import type { Turn, VaultParts } from './turn.ts';

/**
 * What effects set off besides a change of the state: a message is shown to the owner, as it stands in the
 * request that was decided about, whatever the effect says.
 * @param from - index of the `handled` record
 */
export async function followEffects(
  parts: VaultParts,
  { batch }: Turn,
  { connection: id, received }: OpenRequest,
  effects: readonly Effect[],
  from: number,
): Promise<void> {
  const owner = ownerConnection(batch.state);
  const { event } = received;
  if (!effects.some(({ type }) => type === 'message.shown') || owner === undefined) return;
  if (event === undefined || !isMap(event.payload)) return;
  const name = batch.state.connections.get(id)?.name ?? '';
  const message = {
    connection: id,
    name,
    event: event.id,
    sent: event.time,
    message: event.payload,
  };
  await parts.sealer.queue(batch, {
    connection: owner.id,
    type: messageReceivedType,
    payload: message,
    from,
  });
}
