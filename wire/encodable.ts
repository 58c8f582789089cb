const halfSurrogate = /\p{Surrogate}/u;

/**
 * Holds a value against what the reader takes, so that nothing is signed, sealed or stored that
 * could not be read again.
 * @param depth - how deep it may nest
 * @throws TypeError that names the kind of the fault, never the value
 */
export function checkEncodable(value: unknown, depth: number): void {
  if (depth < 0) throw unfit('a value nested too deep');
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (halfSurrogate.test(value)) throw unfit('text with half a surrogate pair');
      return;
    case 'number':
      if (!Number.isFinite(value)) throw unfit('a number that is not finite');
      return;
    case 'bigint':
      if (!Number.isSafeInteger(Number(value))) throw unfit('an integer beyond 2^53 - 1');
      return;
    case 'object':
      if (value !== null && !(value instanceof Uint8Array)) checkItems(value, depth);
      return;
    default:
      throw unfit(typeof value);
  }
}

function checkItems(value: object, depth: number): void {
  if (Array.isArray(value)) {
    for (const item of value) checkEncodable(item, depth - 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw unfit('not a plain object');
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === '__proto__' || halfSurrogate.test(key)) throw unfit('a map key that is not taken');
    checkEncodable(member, depth - 1);
  }
}

function unfit(what: string): TypeError {
  return new TypeError(`not encodable: ${what}`);
}
