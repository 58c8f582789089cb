/* RFC 4648 §6: base32 in capitals, without padding, in its one canonical form. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Text of some bytes: eight characters for five. */
export function toBase32(bytes: Uint8Array): string {
  let [out, held, bits] = ['', 0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet[(held >>> (bits - 5)) & 31];
  }
  return bits === 0 ? out : out + alphabet[(held << (5 - bits)) & 31];
}

/**
 * Bytes of a base32 text.
 * @throws RangeError for any other text, unused bits that are not zero included
 */
export function fromBase32(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let [held, bits, at] = [0, 0, 0];
  for (const character of text) {
    held = ((held << 5) | alphabet.indexOf(character)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out[at++] = (held >>> bits) & 0xff;
  }
  if (toBase32(out) !== text) throw new RangeError('not base32');
  return out;
}
