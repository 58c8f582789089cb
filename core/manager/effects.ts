import type { OpenRequest } from '../../projections/vault-state.ts';
import { isMap } from '../../wire/event.ts';
import { messageReceivedType } from '../../wire/messages.ts';
import type { Effect } from '../host/handler-port.ts';
import { notify } from './notices.ts';
import { tellOwner } from './tell-owner.ts';
import type { Turn, VaultParts } from './turn.ts';

/**
 * What effects set off besides a change of the state: a message is shown to the owner, as it stands in the
 * request that was decided about, whatever the effect says.
 * @param from - index of the `handled` record
 */
export async function followEffects(
  parts: VaultParts,
  turn: Turn,
  { connection: id, received }: OpenRequest,
  effects: readonly Effect[],
  from: number,
): Promise<void> {
  const { batch } = turn;
  const { event } = received;
  if (!effects.some(({ type }) => type === 'message.shown')) return;
  if (event === undefined || !isMap(event.payload)) return;
  const name = batch.state.connections.get(id)?.name ?? '';
  const message = {
    connection: id,
    name,
    event: event.id,
    sent: event.time,
    message: event.payload,
  };
  await tellOwner(parts, turn, messageReceivedType, message, from);
  // What it says stays in its event, under its party's scope: the notice only says where to look.
  const detail = `${event.type}: event ${event.id}`;
  await notify(parts, turn, { about: 'message_received', connection: id, detail }, from);
}
