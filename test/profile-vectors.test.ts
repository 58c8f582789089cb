import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromBase64url, utf8 } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import { type KnownVault, type Profile, readProfile, signProfile } from '../wire/profile.ts';

type Case = {
  readonly name: string;
  readonly reason?: string;
  readonly known: { readonly vault: string; readonly signing: string; readonly since?: number };
  readonly text?: string;
  readonly base64url?: string;
  readonly size?: number;
};

type Vectors = {
  readonly profile: Profile;
  readonly read: readonly Case[];
  readonly refused: readonly Case[];
};

const url = new URL('../docs/spec/vectors/profile.json', import.meta.url);
const { profile, read, refused } = JSON.parse(readFileSync(url, 'utf8')) as Vectors;

function bytesOf({ text, base64url = '', size = 0 }: Case): Uint8Array {
  return text === undefined ? fromBase64url(base64url) : padded(utf8(text), size);
}

function padded(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(Math.max(size, bytes.length)).fill(0x20);
  out.set(bytes);
  return out;
}

function knownOf({ known }: Case): KnownVault {
  return { ...known, signing: fromBase64url(known.signing) };
}

describe('the profile of a vault', () => {
  it.each(read)('is read: $name', (one) => {
    expect(readProfile(bytesOf(one), knownOf(one))).toEqual({ ok: true, value: profile });
  });

  it.each(refused)('is passed over: $name', (one) => {
    const result = readProfile(bytesOf(one), knownOf(one));
    expect(result).toMatchObject({ ok: false, reason: one.reason });
  });

  it('is signed as the vector says', () => {
    const signed = signProfile(signerFrom(new Uint8Array(32).fill(1)), profile);
    expect(JSON.stringify(signed)).toBe(read[0]?.text);
  });
});
