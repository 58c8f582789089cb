/** Random bytes at a time. */
const poolBytes = 3072;

/**
 * Gives a few random bytes at a time, for ids and nonces, out of many that are drawn at once: a draw from the system
 * costs as much as sealing a quarter of a record, however few bytes it is for. No byte is given twice. Not for keys: what was
 * given stays in the pool until it is drawn anew.
 * @param fill - fills an array with random bytes
 * @returns gives `count` of them (1 to 3,072), in an array of their own
 */
export function drawnBytes(fill: (bytes: Uint8Array) => unknown): (count: number) => Uint8Array {
  const pool = new Uint8Array(poolBytes);
  let used = pool.length;
  return (count) => {
    if (count > pool.length) throw new RangeError(`${count} random bytes at once`);
    if (used + count > pool.length) {
      fill(pool);
      used = 0;
    }
    used += count;
    return pool.slice(used - count, used);
  };
}
