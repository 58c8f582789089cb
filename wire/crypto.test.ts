import { Buffer } from 'node:buffer';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, utf8 } from './bytes.ts';
import { hkdf, messageKey, open, openWith, seal, sealWith, sha256 } from './crypto.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const of = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const text = fc.string({ unit: 'binary', maxLength: 40 });

describe('SHA-256', () => {
  test('gives what @noble gives, over one part or many', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), (parts) => {
        expect(sha256(...parts)).toStrictEqual(nobleSha256(concat(...parts)));
      }),
    );
  });

  test('is the same however the bytes are divided, at every length up to several buffers', () => {
    const all = new Uint8Array(9000).map((_, at) => at * 31);
    for (let size = 0; size < all.length; size += 61) {
      const whole = sha256(all.subarray(0, size));
      expect(sha256(all.subarray(0, size >> 1), all.subarray(size >> 1, size))).toEqual(whole);
      expect(whole).toEqual(nobleSha256(all.subarray(0, size)));
    }
  });

  test('gives the example of FIPS 180-4', () => {
    expect(toHex(sha256(utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('HKDF', () => {
  test('gives what @noble gives', () => {
    fc.assert(
      fc.property(bytes, bytes, text, fc.integer({ min: 1, max: 200 }), (secret, salt, info, n) => {
        const expected = nobleHkdf(nobleSha256, secret, salt, utf8(info), n);
        expect(hkdf(secret, salt, info, n)).toStrictEqual(expected);
      }),
    );
  });

  test('gives test case 3 of RFC 5869', () => {
    const okm = hkdf(new Uint8Array(22).fill(0x0b), new Uint8Array(0), '', 42);
    expect(toHex(okm)).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });
});

describe('XChaCha20-Poly1305', () => {
  const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const nonce = fromHex('404142434445464748494a4b4c4d4e4f5051525354555657');

  test('derives the subkey of draft-irtf-cfrg-xchacha-03 §2.2.1', () => {
    const subkey = messageKey(
      fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
      fromHex('000000090000004a00000000314159270000000000000000'),
    );
    expect(toHex(subkey)).toBe('82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc');
  });

  test('seals as appendix A.3.1 of the draft does', () => {
    const message = utf8(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    expect(toHex(seal(key, nonce, fromHex('50515253c0c1c2c3c4c5c6c7'), message))).toBe(
      'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49',
    );
  });

  test('seals what @noble opens, and opens what @noble seals', () => {
    fc.assert(
      fc.property(of(32), of(24), bytes, bytes, (k, n, aad, message) => {
        const sealed = seal(k, n, aad, message);
        expect(sealed).toStrictEqual(xchacha20poly1305(k, n, aad).encrypt(message));
        expect(open(k, n, aad, sealed)).toStrictEqual(message);
      }),
    );
  });

  test('takes a key and a nonce that lie in a pooled Buffer', () => {
    const pooled = seal(Buffer.from(key), Buffer.from(nonce), Buffer.from('a'), Buffer.from('b'));
    expect(pooled).toStrictEqual(seal(key, nonce, utf8('a'), utf8('b')));
  });

  test('opens nothing in which one bit was flipped', () => {
    const flips = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 }));
    fc.assert(
      fc.property(bytes, bytes, flips, (aad, message, [at, bit]) => {
        const sealed = seal(key, nonce, aad, message);
        sealed[at % sealed.length] = (sealed[at % sealed.length] ?? 0) ^ (1 << bit);
        expect(open(key, nonce, aad, sealed)).toBeUndefined();
      }),
    );
  });

  test('opens nothing under other data, and nothing that is shorter than a tag', () => {
    const sealed = seal(key, nonce, utf8('one'), utf8('message'));
    expect(open(key, nonce, utf8('two'), sealed)).toBeUndefined();
    for (let length = 0; length < 17; length++)
      expect(open(key, nonce, utf8('one'), sealed.subarray(0, length))).toBeUndefined();
  });

  test('discloses one message with its message key', () => {
    const inner = messageKey(key, nonce);
    const sealed = sealWith(inner, nonce, utf8('aad'), utf8('message'));
    expect(sealed).toStrictEqual(seal(key, nonce, utf8('aad'), utf8('message')));
    expect(openWith(inner, nonce, utf8('aad'), sealed)).toStrictEqual(utf8('message'));
  });

  test.each([0, 12, 23, 25])('throws for a nonce of %d bytes, in each half', (length) => {
    const wrong = new Uint8Array(length);
    expect(() => seal(key, wrong, key, key)).toThrow(RangeError);
    expect(() => sealWith(key, wrong, key, key)).toThrow(RangeError);
    expect(() => openWith(key, wrong, key, key)).toThrow(RangeError);
  });

  test('throws for a key that is not 32 bytes', () => {
    expect(() => seal(key.subarray(1), nonce, key, key)).toThrow(RangeError);
    expect(() => sealWith(key.subarray(1), nonce, key, key)).toThrow(RangeError);
  });
});
