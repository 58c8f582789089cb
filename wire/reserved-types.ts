/*
 * First words of the standard's own event types, those of today and those that a later version may add:
 * a handler serves none of them, or the vault and a handler could both take one event for theirs.
 */

const words: ReadonlySet<string> = new Set([
  'agent',
  'connection',
  'consent',
  'contract',
  'credential',
  'event',
  'owner',
  'peer',
  'profile',
]);

/** Whether an event type (dotted) is the standard's own, or kept for it. */
export function isReservedType(type: string): boolean {
  return words.has(type.split('.')[0] ?? '');
}
