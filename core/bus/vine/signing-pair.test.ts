import { createAccount, createOperator, createUser, fromPublic } from '@nats-io/nkeys';
import { describe, expect, test } from 'vitest';
import { fromBase64url, utf8 } from '../../../wire/bytes.ts';
import { nkeyFrom, nkeyProof } from '../../../wire/nkey.ts';
import { signingPair } from './signing-pair.ts';

const seedText = (pair: { getSeed(): Uint8Array }): string =>
  new TextDecoder().decode(pair.getSeed());

describe('the pair of a seed', () => {
  test.each([
    ['operator', createOperator],
    ['account', createAccount],
    ['user', createUser],
  ])('of an %s has the name, and gives the signatures, that the library gives', (_, create) => {
    for (let round = 0; round < 5; round++) {
      const theirs = create();
      const ours = signingPair(seedText(theirs));
      const text = utf8(`header.claims-${round}`);
      expect(ours.getPublicKey()).toBe(theirs.getPublicKey());
      expect(ours.sign(text)).toStrictEqual(theirs.sign(text));
      expect(ours.verify(text, theirs.sign(text))).toBe(true);
    }
  });

  test('answers a server’s challenge so that the key in its name verifies it', () => {
    const seed = seedText(createUser());
    const { nkey, sig } = nkeyProof(seed, 'a challenge');
    expect(fromPublic(nkey).verify(utf8('a challenge'), fromBase64url(sig))).toBe(true);
    expect(nkeyProof(seed, undefined)).toStrictEqual({ nkey, sig: '' });
  });

  test('is none of a text that is no seed', () => {
    const seed = seedText(createUser());
    const flipped = `${seed.slice(0, 20)}${seed[20] === 'A' ? 'B' : 'A'}${seed.slice(21)}`;
    for (const text of [
      '',
      'S',
      createUser().getPublicKey(),
      `${seed}A`,
      seed.toLowerCase(),
      flipped,
    ])
      expect(() => nkeyFrom(text)).toThrow(RangeError);
  });
});
