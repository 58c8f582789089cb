import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  hash,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { hchacha } from '@noble/ciphers/chacha.js';
import { concat, utf8 } from './bytes.ts';
import { isSmallOrder } from './small-order.ts';

/*
 * The primitives of the standard, on node:crypto where it has them: it is many times faster than
 * JavaScript. crypto.test.ts and signatures.test.ts hold each against @noble.
 */

const tagBytes = 16;
const sealing = { authTagLength: tagBytes };
const pkcs8Ed25519 = Uint8Array.of(
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04],
  0x20,
);
const spkiEd25519 = Uint8Array.of(
  ...[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00],
);

/** Ed25519 signing key, ready for use; the seed is not reachable from it. */
export type Signer = {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64-byte signature over domain ‖ 0x00 ‖ message. */
  sign(domain: string, message: Uint8Array): Uint8Array;
  /**
   * 64-byte signature over the UTF-8 text alone, for formats that have no domain (C2SP signed-note).
   * It never passes for one of `sign`: what that signs holds a zero byte, and a text must not.
   * @throws RangeError when the text has a zero character
   */
  signText(text: string): Uint8Array;
};

/** SHA-256 (FIPS 180-4) over the parts after one another: 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return sha256Whole(first);
  let size = 0;
  for (const part of parts) size += part.length;
  if (size > joined.length) return sha256Long(parts);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  const digest = sha256Whole(joined.subarray(0, size));
  joined.fill(0, 0, size);
  return digest;
}

/** HKDF-SHA256 (RFC 5869): `length` bytes from `secret` for one `purpose`. */
export function hkdf(
  secret: Uint8Array,
  salt: Uint8Array,
  purpose: string,
  length = 32,
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, utf8(purpose), length));
}

/**
 * The inner key of XChaCha20-Poly1305: HChaCha20(key, nonce[0..16]). Giving it away discloses the
 * one message sealed with this nonce (draft-irtf-cfrg-xchacha-03 §2.2).
 * @param key - 32 bytes
 * @param nonce - 24 bytes
 */
export function messageKey(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  expectLength('key', key, 32);
  expectLength('nonce', nonce, 24);
  keyBytes.set(key);
  for (let at = 0; at < 16; at++) nonceBytes[at] = nonce[at] ?? 0;
  hchacha(sigma, keyWords, nonceWords, innerWords);
  const inner = new Uint8Array(innerBytes);
  keyBytes.fill(0);
  innerBytes.fill(0);
  return inner;
}

/**
 * Second half of XChaCha20-Poly1305: seals under the inner key of `messageKey`.
 * @param inner - 32 bytes
 * @param nonce - the same 24 bytes that `inner` was made with
 * @returns ciphertext ‖ 16-byte tag
 */
export function sealWith(
  inner: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return concat(...sealedParts(inner, nonce, aad, message));
}

/** What `sealWith` gives, as its two parts: for whoever copies them to where they belong. */
export function sealedParts(
  inner: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  message: Uint8Array,
): readonly [ciphertext: Uint8Array, tag: Uint8Array] {
  const cipher = createCipheriv(...cipherWith(inner, nonce));
  keyBytes.fill(0);
  cipher.setAAD(aad, { plaintextLength: message.length });
  const ciphertext = cipher.update(message);
  cipher.final();
  return [ciphertext, cipher.getAuthTag()];
}

/** Opens what `sealWith` sealed; `undefined` when it is not authentic. */
export function openWith(
  inner: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < tagBytes) return undefined;
  const split = sealed.length - tagBytes;
  const cipher = createDecipheriv(...cipherWith(inner, nonce));
  keyBytes.fill(0);
  cipher.setAAD(aad, { plaintextLength: split });
  cipher.setAuthTag(sealed.subarray(split));
  const body = cipher.update(sealed.subarray(0, split));
  try {
    cipher.final();
  } catch {
    return undefined;
  }
  return plain(body);
}

/** XChaCha20-Poly1305 under a 32-byte key and a 24-byte nonce: ciphertext ‖ 16-byte tag. */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return sealWith(messageKey(key, nonce), nonce, aad, message);
}

/** Opens what `seal` sealed; `undefined` when it is not authentic. */
export function open(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  return openWith(messageKey(key, nonce), nonce, aad, sealed);
}

/** An Ed25519 key (RFC 8032) from its 32-byte seed. */
export function signerFrom(seed: Uint8Array): Signer {
  expectLength('seed', seed, 32);
  const der = concat(pkcs8Ed25519, seed);
  const key = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(spkiEd25519.length)),
    sign: (domain, message) =>
      withDomain(domain, message, (bytes) => plain(sign(null, bytes, key))),
    signText: (text) => {
      if (text.includes('\0')) throw new RangeError('a text to be signed has no zero character');
      return plain(sign(null, utf8(text), key));
    },
  };
}

const verifiers = new Map<string, KeyObject>();
const verifiersMax = 4096;

/**
 * Whether `signature` is the Ed25519 signature of `publicKey` over domain ‖ 0x00 ‖ message.
 * Everything here may be attacker-controlled: a wrong length is `false`, not an error, and so is a key
 * of small order, under which one signature fits many messages.
 */
export function verifySignature(
  publicKey: Uint8Array,
  domain: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return withDomain(domain, message, (bytes) => verifyBytes(publicKey, bytes, signature));
}

/** That a key has signed a message. Nothing of it is proved. */
export type SignedClaim = {
  readonly publicKey: Uint8Array;
  readonly domain: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
};

/** `verifySignature` of a claim. */
export function verifyClaim(claim: SignedClaim): boolean {
  const { publicKey, domain, message, signature } = claim;
  return verifySignature(publicKey, domain, message, signature);
}

/** `verifyClaim` in another thread, so that the caller can go on meanwhile. Never rejects. */
export function verifyClaimSoon(claim: SignedClaim): Promise<boolean> {
  const { publicKey, domain, message, signature } = claim;
  const key = signature.length === 64 ? verifierOf(publicKey) : undefined;
  if (key === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    verify(null, underDomain(domain, message), key, signature, (error, valid) => {
      resolve(error === null && valid);
    });
  });
}

/** Whether `signature` is what `signText` of this key gives for the text. As strict as `verifySignature`. */
export function verifyText(publicKey: Uint8Array, text: string, signature: Uint8Array): boolean {
  return !text.includes('\0') && verifyBytes(publicKey, utf8(text), signature);
}

function verifyBytes(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const key = verifierOf(publicKey);
  return key !== undefined && verify(null, bytes, key, signature);
}

/** The key object of a public key; `undefined` for what is none, or must not be one. */
function verifierOf(publicKey: Uint8Array): KeyObject | undefined {
  if (publicKey.length !== 32) return undefined;
  try {
    return keptVerifier(publicKey);
  } catch {
    return undefined;
  }
}

/** Key objects are dear to make (about 30 µs), so the last few thousand are kept. */
function keptVerifier(publicKey: Uint8Array): KeyObject | undefined {
  const name = Buffer.from(publicKey).toString('latin1');
  const known = verifiers.get(name);
  if (known !== undefined) return known;
  if (isSmallOrder(publicKey)) return undefined;
  const der = Buffer.from(concat(spkiEd25519, publicKey));
  const made = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (verifiers.size >= verifiersMax) verifiers.clear();
  verifiers.set(name, made);
  return made;
}

const sigma = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
const zero = new Uint8Array(1);
const encoder = new TextEncoder();

// All of this is synchronous, so one buffer of a kind serves every call. What may be secret is wiped.
const joined = new Uint8Array(4096);
const keyWords = new Uint32Array(8);
const keyBytes = new Uint8Array(keyWords.buffer);
const innerWords = new Uint32Array(8);
const innerBytes = new Uint8Array(innerWords.buffer);
const nonceWords = new Uint32Array(4);
const nonceBytes = new Uint8Array(nonceWords.buffer);
const tailNonce = new Uint8Array(12);

/** By way of text: a digest that comes as a Buffer costs twice as much, for its memory. */
function sha256Whole(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary');
  const out = new Uint8Array(32);
  for (let at = 0; at < 32; at++) out[at] = text.charCodeAt(at);
  return out;
}

function sha256Long(parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash('sha256');
  for (const part of parts) state.update(part);
  return plain(state.digest());
}

function underDomain(domain: string, message: Uint8Array): Uint8Array {
  return concat(utf8(domain), zero, message);
}

/** `use` of domain ‖ 0x00 ‖ message, in memory that is wiped and written over after it. */
function withDomain<T>(domain: string, message: Uint8Array, use: (bytes: Uint8Array) => T): T {
  if (3 * domain.length + 1 + message.length > joined.length)
    return use(underDomain(domain, message));
  const { written } = encoder.encodeInto(domain, joined);
  const length = written + 1 + message.length;
  joined[written] = 0;
  joined.set(message, written + 1);
  try {
    return use(joined.subarray(0, length));
  } finally {
    joined.fill(0, 0, length);
  }
}

/**
 * ChaCha20-Poly1305 under `inner`, whose nonce is four zero bytes and the last eight of `nonce`. Key and
 * nonce lie in memory of ours: that of a small array would first be moved to where OpenSSL can read it.
 */
function cipherWith(inner: Uint8Array, nonce: Uint8Array) {
  expectLength('inner key', inner, 32);
  expectLength('nonce', nonce, 24);
  keyBytes.set(inner);
  for (let at = 0; at < 8; at++) tailNonce[at + 4] = nonce[at + 16] ?? 0;
  return ['chacha20-poly1305', keyBytes, tailNonce, sealing] as const;
}

function expectLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length)
    throw new RangeError(`${what}: ${bytes.length} bytes, not ${length}`);
}

function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
