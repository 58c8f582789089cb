/**
 * The same items in the same order, each handed over only when `count` more have been read: whatever was
 * begun with an item has that long to be done. When the source fails, what it gave before comes first, then its error.
 */
export async function* handedOverLate<T>(
  source: AsyncIterable<T>,
  count: number,
): AsyncGenerator<T> {
  const waiting: T[] = [];
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const item of source) {
      waiting.push(item);
      if (waiting.length > count) yield waiting.shift() as T;
    }
  } catch (error) {
    failure = { error };
  }
  yield* waiting;
  if (failure !== undefined) throw failure.error;
}
