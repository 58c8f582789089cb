/*
 * What a service may store in a vault: entries of its own, by category and key. Nobody but it and the owner
 * can tell that they are there.
 */

/** Form of a category: one word. */
export const categoryPattern: string = '^[a-z][a-z0-9_]{0,63}$';
/** Form of an entry's key. */
export const entryKeyPattern: string = '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';
/** Bytes of an entry's value in UTF-8, at most. */
export const entryValueBytesMax = 65_536;
/** What an entry counts beside its category, key and value, in bytes: an empty one is not free. */
export const entryOverheadBytes = 64;
/** Bytes of a megabyte. */
export const megabyte = 1_000_000;

/** What an entry counts against the limit of its contract, in bytes. */
export function entryBytes(category: string, key: string, valueBytes: number): number {
  // Category and key are ASCII.
  return category.length + key.length + valueBytes + entryOverheadBytes;
}
