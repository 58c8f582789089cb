/**
 * Padding before sealing, so that a length tells little: 0x80, then zeros (ISO/IEC 7816-4), up to a
 * multiple of 64 bytes for short messages and of about an eighth of the length for long ones.
 */

/** Length of `length` bytes once padded. */
export function paddedBytes(length: number): number {
  const least = length + 1;
  const step = Math.max(64, 2 ** (31 - Math.clz32(least) - 3));
  return Math.ceil(least / step) * step;
}

/**
 * `message`, padded.
 * @param out - where to put it: as many zeros as `paddedBytes` says
 */
export function pad(
  message: Uint8Array,
  out: Uint8Array = new Uint8Array(paddedBytes(message.length)),
): Uint8Array {
  out.set(message);
  out[message.length] = 0x80;
  return out;
}

/** The message without its padding; `undefined` when the padding is not exactly what `pad` writes. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  if (end < 0 || padded[end] !== 0x80 || paddedBytes(end) !== padded.length) return undefined;
  return padded.subarray(0, end);
}

/** Messages of up to so many bytes are padded in one place, over and over. */
const scratch = new Uint8Array(4096);

/**
 * What `use` makes of `message` padded. The padded bytes are gone when it returns: they are secret, and an array for
 * each message would cost as much as padding it.
 */
export function padBriefly<T>(message: Uint8Array, use: (padded: Uint8Array) => T): T {
  const length = paddedBytes(message.length);
  if (length > scratch.length) return use(pad(message));
  try {
    return use(pad(message, scratch.subarray(0, length)));
  } finally {
    scratch.fill(0, 0, length);
  }
}
