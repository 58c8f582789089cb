import type { Bodies } from '../../ledger/bodies.ts';
import { entryKey, type VaultState } from '../../projections/vault-state.ts';
import type { Turn, VaultParts } from './turn.ts';

/** Keys that a handler is given at once. */
const keysMax = 200;

/** Records the value that an allowed request brought to be stored, under the scope of its party's entries. */
export async function keepValue(
  { ring }: VaultParts,
  { batch }: Turn,
  body: Bodies['value_received'],
  cause: number,
): Promise<void> {
  const known = batch.state.connections.get(body.connection)?.stored;
  const scope = known?.scope ?? (await ring.createScope());
  batch.add({ kind: 'value_received', scope, cause, body });
}

/** Value of an entry of this connection. */
export function entryValue(
  state: VaultState,
  connection: string,
  category: string,
  key: string,
): string | undefined {
  return state.entries.get(entryKey(connection, category, key))?.value;
}

/** Keys of this connection's entries in a category, sorted, behind `after`. */
export function entryKeys(
  state: VaultState,
  connection: string,
  category: string,
  after: string,
): string[] {
  return state.entries
    .valueSeq()
    .filter((entry) => entry.connection === connection && entry.category === category)
    .map(({ key }) => key)
    .filter((key) => key > after)
    .toArray()
    .sort()
    .slice(0, keysMax);
}
