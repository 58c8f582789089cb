/** So many messages are handled before what they led to is written. */
const sliceLength = 8;

/**
 * Hands over what it is given a few at a time. A connection writes what was published when the running task is over: were
 * all that arrived together handled in one, the other end would have nothing to do meanwhile, and then this one.
 * @param handle - what to do with each
 */
export function inSlices<T>(handle: (item: T) => void): (item: T) => void {
  const waiting: T[] = [];
  const work = (): void => {
    for (const item of waiting.splice(0, sliceLength)) handle(item);
    if (waiting.length > 0) setImmediate(work);
  };
  return (item) => {
    if (waiting.push(item) === 1) setImmediate(work);
  };
}
