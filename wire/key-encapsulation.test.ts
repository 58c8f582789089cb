import { describe, expect, test } from 'vitest';
import { toHex, utf8 } from './bytes.ts';
import { sha256 } from './crypto.ts';
import {
  decapsulate,
  encapsulate,
  encapsulationBytes,
  encapsulationKeyFrom,
  keyId,
  publicKeyBytes,
} from './key-encapsulation.ts';

const key = await encapsulationKeyFrom(new Uint8Array(32).fill(1));
const info = utf8('what the secret is bound to');

describe('an encapsulation key', () => {
  test('is the same for the same seed, and has the length of the standard', async () => {
    const again = await encapsulationKeyFrom(new Uint8Array(32).fill(1));
    const other = await encapsulationKeyFrom(new Uint8Array(32).fill(2));
    expect(again.publicKey).toStrictEqual(key.publicKey);
    expect(other.publicKey).not.toStrictEqual(key.publicKey);
    expect(key.publicKey).toHaveLength(publicKeyBytes);
  });

  // Keys are kept as seeds: another library must make the very same of them.
  test('of a seed stays what it is', () => {
    expect(toHex(sha256(key.publicKey))).toBe(
      'b37e773a08cf16cce4c4ea2694d2e980e109303c538ed6f6202d30cfb562d9b6',
    );
    expect(toHex(keyId(key.publicKey))).toBe('b37e773a08cf16cce4c4ea2694d2e980');
  });

  test('is not made from a seed that is too short', async () => {
    await expect(encapsulationKeyFrom(new Uint8Array(31))).rejects.toThrow('Insufficient');
  });
});

describe('a secret', () => {
  test('arrives, and is another each time', async () => {
    const one = await encapsulate(key.publicKey, info);
    const two = await encapsulate(key.publicKey, info);
    expect(one.encapsulation).toHaveLength(encapsulationBytes);
    expect(one.secret).toHaveLength(32);
    expect(await decapsulate(key, info, one.encapsulation)).toStrictEqual(one.secret);
    expect(two.secret).not.toStrictEqual(one.secret);
  });

  test('is another one under other information or another key', async () => {
    const { secret, encapsulation } = await encapsulate(key.publicKey, info);
    const other = await encapsulationKeyFrom(new Uint8Array(32).fill(2));
    expect(await decapsulate(key, utf8('other'), encapsulation)).not.toStrictEqual(secret);
    expect(await decapsulate(other, info, encapsulation)).not.toStrictEqual(secret);
  });

  test.each([0, 500, 1087, 1088, 1119])('is another one when byte %d was altered', async (at) => {
    const { secret, encapsulation } = await encapsulate(key.publicKey, info);
    encapsulation[at] = (encapsulation[at] ?? 0) ^ 1;
    expect(await decapsulate(key, info, encapsulation)).not.toStrictEqual(secret);
  });

  test.each([0, 1119, 1121])('is in no encapsulation of %d bytes', async (length) => {
    expect(await decapsulate(key, info, new Uint8Array(length))).toBeUndefined();
  });

  test('is in no encapsulation whose X25519 part is of small order', async () => {
    expect(await decapsulate(key, info, new Uint8Array(encapsulationBytes))).toBeUndefined();
  });
});

describe('a stranger’s key is refused', () => {
  const altered = (change: (bytes: Uint8Array) => void) => {
    const bytes = key.publicKey.slice();
    change(bytes);
    return bytes;
  };

  test.each<[string, Uint8Array]>([
    ['is too short', key.publicKey.subarray(1)],
    ['is too long', new Uint8Array(publicKeyBytes + 1)],
    ['is all ones', new Uint8Array(publicKeyBytes).fill(0xff)],
    ['has a first coefficient of q', altered((bytes) => bytes.set([0x01, 0x0d, 0x00], 0))],
    ['has a last coefficient of q', altered((bytes) => bytes.set([0x00, 0x10, 0xd0], 1149))],
    ['has an X25519 part of small order', altered((bytes) => bytes.fill(0, 1184))],
  ])('when it %s', async (_, bytes) => {
    await expect(encapsulate(bytes, info)).rejects.toThrow(RangeError);
  });
});
