/* The suite of envelopes held against the vectors of its draft, and against a second implementation. */
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { HkdfSha256, CipherSuite as OtherSuite } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256, KEM_MLKEM768_X25519 } from '@panva/hpke-noble';
import { CipherSuite } from 'hpke';
import { describe, expect, it } from 'vitest';
import vector from '../docs/spec/vectors/hpke.json' with { type: 'json' };
import { fromHex, toHex, utf8 } from './bytes.ts';
import { epochInfo } from './envelope.ts';
import { decapsulate, encapsulate, encapsulationKeyFrom } from './key-encapsulation.ts';

const suite = new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);
const other = new OtherSuite({
  kem: new XWing(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});
const context = utf8('cambium/epoch/v1');
const info = epochInfo('a'.repeat(26), 'to-vault', 7);

/** A copy whose buffer is its own: what the other library takes. */
function own(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer as ArrayBuffer;
}

/** Our key of a seed, and the raw private key that it is made of. */
async function pairFrom(seed: Uint8Array) {
  const pair = await suite.DeriveKeyPair(seed, true);
  return {
    key: await encapsulationKeyFrom(seed),
    raw: await suite.SerializePrivateKey(pair.privateKey),
  };
}

describe('the vectors of draft-ietf-hpke-pq', () => {
  it('give the key pair of their seed', async () => {
    const { key, raw } = await pairFrom(fromHex(vector.ikmR));
    expect(toHex(key.publicKey)).toBe(vector.pkRm);
    expect(toHex(raw)).toBe(vector.skRm);
  });

  it('give each of their exported values, by both implementations', async () => {
    const seed = fromHex(vector.ikmR);
    const { privateKey } = await suite.DeriveKeyPair(seed, true);
    const recipientKey = await other.kem.importKey('raw', own(fromHex(vector.skRm)), false);
    const there = await other.createRecipientContext({
      recipientKey,
      enc: own(fromHex(vector.enc)),
      info: own(fromHex(vector.info)),
    });
    expect(vector.exports).toHaveLength(5);
    for (const { exporter_context, L, exported_value } of vector.exports) {
      const asked = fromHex(exporter_context);
      const options = { info: fromHex(vector.info) };
      const here = await suite.ReceiveExport(privateKey, fromHex(vector.enc), asked, L, options);
      expect(toHex(here)).toBe(exported_value);
      expect(toHex(new Uint8Array(await there.export(own(asked), L)))).toBe(exported_value);
    }
  });
});

describe('a second implementation of the suite', () => {
  const seeds = [1, 2, 3, 4].map((fill) => new Uint8Array(32).fill(fill));

  it.each(seeds)('opens what we encapsulate', async (seed) => {
    const { key, raw } = await pairFrom(seed);
    const { secret, encapsulation } = await encapsulate(key.publicKey, info);
    const recipientKey = await other.kem.importKey('raw', own(raw), false);
    const enc = own(encapsulation);
    const there = await other.createRecipientContext({ recipientKey, enc, info: own(info) });
    const exported = await there.export(own(context), 32);
    expect(new Uint8Array(exported)).toStrictEqual(secret);
  });

  it.each(seeds)('encapsulates what we open', async (seed) => {
    const { key } = await pairFrom(seed);
    const recipientPublicKey = await other.kem.importKey('raw', own(key.publicKey), true);
    const there = await other.createSenderContext({ recipientPublicKey, info: own(info) });
    const exported = await there.export(own(context), 32);
    const here = await decapsulate(key, info, new Uint8Array(there.enc));
    expect(here).toStrictEqual(new Uint8Array(exported));
  });

  it('gives the same other secret for an encapsulation that was altered', async () => {
    const [seed = new Uint8Array(32)] = seeds;
    const { key, raw } = await pairFrom(seed);
    const { secret, encapsulation } = await encapsulate(key.publicKey, info);
    encapsulation[700] = (encapsulation[700] ?? 0) ^ 1;
    const recipientKey = await other.kem.importKey('raw', own(raw), false);
    const enc = own(encapsulation);
    const there = await other.createRecipientContext({ recipientKey, enc, info: own(info) });
    const exported = new Uint8Array(await there.export(own(context), 32));
    expect(exported).toStrictEqual(await decapsulate(key, info, encapsulation));
    expect(exported).not.toStrictEqual(secret);
  });
});
