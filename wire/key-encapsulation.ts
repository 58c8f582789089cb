import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256, KEM_MLKEM768_X25519 } from '@panva/hpke-noble';
import { CipherSuite, type Key } from 'hpke';
import { utf8 } from './bytes.ts';
import { sha256 } from './crypto.ts';

/*
 * HPKE (RFC 9180) in base mode with the hybrid KEM MLKEM768-X25519 (0x647a), HKDF-SHA256 and
 * ChaCha20-Poly1305. It only ever exports an epoch's secret: some 10 ms once per epoch, not per message.
 */

/** Length of a public key, in bytes. */
export const publicKeyBytes = 1216;
/** Length of an encapsulation, in bytes. */
export const encapsulationBytes = 1120;

/** The ML-KEM part of a public key: 768 coefficients of 12 bits, before the seed of its matrix. */
const coefficientBytes = 1152;
const modulus = 3329;

const suite = new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);
const exporter = utf8('cambium/epoch/v1');

/** A key pair that secrets can be encapsulated to. */
export type EncapsulationKey = {
  readonly publicKey: Uint8Array;
  readonly privateKey: Key;
};

/**
 * Key pair from a 32-byte seed (RFC 9180 §7.1.3, DeriveKeyPair).
 * @throws DeriveKeyPairError for a shorter one
 */
export async function encapsulationKeyFrom(seed: Uint8Array): Promise<EncapsulationKey> {
  const pair = await suite.DeriveKeyPair(seed, false);
  return {
    publicKey: await suite.SerializePublicKey(pair.publicKey),
    privateKey: pair.privateKey,
  };
}

/** 16 bytes that name a public key. */
export function keyId(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).slice(0, 16);
}

/**
 * A fresh 32-byte secret and its encapsulation (1,120 bytes) to `publicKey` (1,216 bytes).
 * @param publicKey - may be attacker-controlled
 * @param info - what the secret is bound to
 * @throws RangeError when `publicKey` is not one
 */
export async function encapsulate(
  publicKey: Uint8Array,
  info: Uint8Array,
): Promise<{ secret: Uint8Array; encapsulation: Uint8Array }> {
  if (!isEncapsulationKey(publicKey)) throw new RangeError('not an encapsulation key');
  const recipient = await suite.DeserializePublicKey(publicKey);
  try {
    const sent = await suite.SendExport(recipient, exporter, 32, { info });
    return { secret: sent.exportedSecret, encapsulation: sent.encapsulatedSecret };
  } catch (cause) {
    throw new RangeError('not an encapsulation key', { cause });
  }
}

/** The secret in an encapsulation made for `key`; `undefined` when it is malformed. */
export async function decapsulate(
  key: EncapsulationKey,
  info: Uint8Array,
  encapsulation: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (encapsulation.length !== encapsulationBytes) return undefined;
  try {
    return await suite.ReceiveExport(key.privateKey, encapsulation, exporter, 32, { info });
  } catch {
    return undefined;
  }
}

/** Whether bytes have the form of a public key. Its X25519 part may still be of small order. */
export function isEncapsulationKey(publicKey: Uint8Array): boolean {
  return publicKey.length === publicKeyBytes && isReduced(publicKey);
}

/**
 * The modulus check of ML-KEM (FIPS 203 §7.2): each 12-bit coefficient is below q. The library has
 * one, but in version 0.5.4 it compares a key with itself.
 */
function isReduced(publicKey: Uint8Array): boolean {
  for (let i = 0; i < coefficientBytes; i += 3) {
    const [a = 0, b = 0, c = 0] = publicKey.subarray(i, i + 3);
    if ((a | ((b & 0x0f) << 8)) >= modulus || ((b >> 4) | (c << 4)) >= modulus) return false;
  }
  return true;
}
