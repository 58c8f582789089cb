import type { ReceivedEvent } from '../../ledger/bodies.ts';
import { fromBase64url } from '../../wire/bytes.ts';
import type { Answer } from '../../wire/messages.ts';
import type { Rekey } from '../../wire/rekey.ts';
import type { Turn, VaultParts } from './turn.ts';

/**
 * A party has other keys from now on. Requires a request that was allowed: the keys are in form, and the next one has
 * signed for itself. The answer is sealed to the next key, in an epoch of its own.
 */
export async function takeRekey(
  _: VaultParts,
  { batch }: Turn,
  { connection, event }: ReceivedEvent,
  from: number,
): Promise<Answer> {
  const type = event?.type ?? '';
  const known = batch.state.connections.get(connection);
  if (known === undefined || event === undefined)
    return { status: 'refused', type, code: 'connection_unknown' };
  const { signing, encapsulation } = event.payload as unknown as Rekey;
  const keys = { signing: fromBase64url(signing), encapsulation: fromBase64url(encapsulation) };
  batch.add({ kind: 'rekeyed', scope: known.scope, cause: from, body: { connection, keys } });
  return { status: 'served', type, result: {} };
}
