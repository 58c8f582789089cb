import { Buffer } from 'node:buffer';
import { createPublicKey, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, utf8 } from './bytes.ts';
import { signerFrom, verifyClaimSoon, verifySignature, verifyText } from './crypto.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const of = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const text = fc.string({ unit: 'binary', maxLength: 40 });

const rfc8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
] as const;

describe('Ed25519', () => {
  const underDomain = (domain: string, message: Uint8Array) =>
    concat(utf8(domain), Uint8Array.of(0), message);

  test.each(rfc8032)('has the public key of RFC 8032 §7.1 for seed $seed', (vector) => {
    expect(toHex(signerFrom(fromHex(vector.seed)).publicKey)).toBe(vector.publicKey);
  });

  // The reference signs the RFC's message as it stands; ours always has a domain before it.
  test.each(rfc8032)('signs as the reference that gives $signature does', (vector) => {
    const seed = fromHex(vector.seed);
    const message = fromHex(vector.message);
    expect(toHex(ed25519.sign(message, seed))).toBe(vector.signature);
    expect(signerFrom(seed).sign('a domain', message)).toStrictEqual(
      ed25519.sign(underDomain('a domain', message), seed),
    );
    const bare = fromHex(vector.signature);
    expect(verifySignature(fromHex(vector.publicKey), '', message, bare)).toBe(false);
  });

  test('signs and verifies what @noble signs and verifies', () => {
    fc.assert(
      fc.property(of(32), text, bytes, (seed, domain, message) => {
        const signer = signerFrom(seed);
        const signature = signer.sign(domain, message);
        expect(signer.publicKey).toStrictEqual(ed25519.getPublicKey(seed));
        expect(signature).toStrictEqual(ed25519.sign(underDomain(domain, message), seed));
        expect(verifySignature(signer.publicKey, domain, message, signature)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('verifies nothing in which one bit was flipped, as @noble does not', () => {
    const signer = signerFrom(new Uint8Array(32).fill(9));
    const message = utf8('what was signed');
    const whole = concat(signer.publicKey, signer.sign('domain', message), message);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const [key, signature, said] = split(flipped(whole, at, bit));
        expect(verifySignature(key, 'domain', said, signature)).toBe(false);
      }),
    );
  });

  test('verifies nothing of another domain, even one that the message continues', () => {
    const signer = signerFrom(new Uint8Array(32).fill(9));
    const signature = signer.sign('cambium/a', utf8('b'));
    expect(verifySignature(signer.publicKey, 'cambium/', utf8('ab'), signature)).toBe(false);
    expect(verifySignature(signer.publicKey, 'cambium/ab', utf8(''), signature)).toBe(false);
  });

  test('says no to lengths that are not those of a key and a signature', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (key, message, signature) => {
        expect(verifySignature(key, 'domain', message, signature)).toBe(false);
      }),
    );
  });

  test('says no to a key of small order, under which one signature fits every message', () => {
    const identity = fromHex(`01${'00'.repeat(31)}`);
    const forged = concat(identity, new Uint8Array(32));
    const spki = concat(fromHex('302a300506032b6570032100'), identity);
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    expect(verify(null, underDomain('domain', utf8('anything')), key, forged)).toBe(true);
    expect(verifySignature(identity, 'domain', utf8('anything'), forged)).toBe(false);
  });

  test('says the same in another thread, whatever was flipped or has the wrong length', async () => {
    const { publicKey, ...signer } = signerFrom(new Uint8Array(32).fill(9));
    const message = utf8('what was signed');
    const signature = signer.sign('domain', message);
    const claim = { publicKey, domain: 'domain', message, signature };
    expect(await verifyClaimSoon(claim)).toBe(true);
    const whole = concat(publicKey, signature, message);
    const place = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 7 }));
    await fc.assert(
      fc.asyncProperty(place, bytes, bytes, async ([at, bit], shortKey, shortSignature) => {
        const [key, signed, said] = split(flipped(whole, at, bit));
        const flippedClaim = { ...claim, publicKey: key, signature: signed, message: said };
        expect(await verifyClaimSoon(flippedClaim)).toBe(false);
        expect(await verifyClaimSoon({ ...claim, publicKey: shortKey })).toBe(false);
        expect(await verifyClaimSoon({ ...claim, signature: shortSignature })).toBe(false);
        expect(await verifyClaimSoon({ ...claim, domain: 'other' })).toBe(false);
      }),
    );
  });

  test('says no to a signature whose second half was made greater by the order of the group', () => {
    const signer = signerFrom(new Uint8Array(32).fill(9));
    const signature = signer.sign('domain', utf8('message'));
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = 0n;
    for (const byte of signature.slice(32).reverse()) s = s * 256n + BigInt(byte);
    const raised = fromHex((s + order).toString(16).padStart(64, '0')).reverse();
    const other = concat(signature.subarray(0, 32), raised);
    expect(verifySignature(signer.publicKey, 'domain', utf8('message'), other)).toBe(false);
  });
});

describe('a text without a domain', () => {
  const signer = signerFrom(new Uint8Array(32).fill(9));

  test('is signed as it stands, as @noble does', () => {
    fc.assert(
      fc.property(of(32), text, (seed, said) => {
        fc.pre(!said.includes('\0'));
        const signature = signerFrom(seed).signText(said);
        expect(signature).toStrictEqual(ed25519.sign(utf8(said), seed));
        expect(verifyText(signerFrom(seed).publicKey, said, signature)).toBe(true);
        expect(verifyText(signerFrom(seed).publicKey, `${said}.`, signature)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('is never what is signed under a domain, since that has a zero character', () => {
    const signature = signer.sign('domain', utf8('message'));
    expect(() => signer.signText('domain\0message')).toThrow(RangeError);
    expect(verifyText(signer.publicKey, 'domain\0message', signature)).toBe(false);
  });

  test('is not verified under a key or signature of another length, or a key of small order', () => {
    const signature = signer.signText('text');
    expect(verifyText(signer.publicKey.slice(1), 'text', signature)).toBe(false);
    expect(verifyText(signer.publicKey, 'text', signature.slice(1))).toBe(false);
    const identity = fromHex(`01${'00'.repeat(31)}`);
    expect(verifyText(identity, 'text', concat(identity, new Uint8Array(32)))).toBe(false);
  });
});

function flipped(whole: Uint8Array, at: number, bit: number): Uint8Array {
  const other = whole.slice();
  other[at] = (other[at] ?? 0) ^ (1 << bit);
  return other;
}

function split(whole: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  return [whole.slice(0, 32), whole.slice(32, 96), whole.slice(96)];
}
