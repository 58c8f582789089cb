import { type Connection, eventKey, type SeenEvent, type VaultState } from './vault-state.ts';

/**
 * What is remembered of an event id; `undefined` where it was not seen. Ids grow with the time at which they are made, so
 * an honest party's next one is greater than all before it, and is not looked up: hashing its key cost as much as
 * the rest of a decision. Nothing rests on honesty: what is not greater is looked up.
 */
export function seenBefore(
  state: VaultState,
  { id: connection, newest }: Connection,
  id: string,
): SeenEvent | undefined {
  if (newest !== undefined && id > newest) return undefined;
  return state.seen.get(eventKey(connection, id));
}

/** The greater one of two event ids. */
export function newestOf(before: string | undefined, id: string): string {
  return before === undefined || id > before ? id : before;
}
