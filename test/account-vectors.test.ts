import { readFileSync } from 'node:fs';
import { createAccount, createUser } from '@nats-io/nkeys';
import { describe, expect, it } from 'vitest';
import { type AccountProof, accountFault, proveAccount } from '../wire/account-proof.ts';
import { fromBase64url } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import { accountKeyOf, accountName } from '../wire/nkey.ts';

type Case = {
  readonly name: string;
  readonly fault?: string;
  readonly use: { vault: string; connection: string; event: string; signing: string };
  readonly account: AccountProof;
};

const url = new URL('../docs/spec/vectors/account.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(url, 'utf8')) as { cases: readonly Case[] };

describe('the proof that an account is the service’s own', () => {
  it.each(cases.map((one) => [one.name, one] as const))(
    'vector: %s',
    (_, { use, account, fault }) => {
      const signing = fromBase64url(use.signing);
      expect(accountFault(account, { ...use, signing })).toBe(fault);
    },
  );

  it('is made as the vector says', () => {
    const [{ use, account }] = cases as [Case];
    const signing = fromBase64url(use.signing);
    const own = signerFrom(new Uint8Array(32).fill(1));
    expect(proveAccount(own, { ...use, signing })).toEqual(account);
  });

  it('is made about ids in form only', () => {
    const [{ use }] = cases as [Case];
    const own = signerFrom(new Uint8Array(32).fill(1));
    const signing = fromBase64url(use.signing);
    for (const wrong of [
      { vault: '*' },
      { connection: '' },
      { event: 'x' },
      { signing: new Uint8Array(31) },
    ])
      expect(() => proveAccount(own, { ...use, signing, ...wrong })).toThrow(RangeError);
  });
});

describe('the name of an account', () => {
  it('is the one that NATS gives it', () => {
    for (let round = 0; round < 50; round += 1) {
      const name = createAccount().getPublicKey();
      const key = accountKeyOf(name);
      expect(key).toHaveLength(32);
      expect(accountName(key as Uint8Array)).toBe(name);
    }
  });

  it.each([
    '',
    'A',
    `A${'B'.repeat(55)}`,
    createUser().getPublicKey(),
    'a'.repeat(56),
    '*',
    'owner',
  ])('is not %j', (text) => {
    expect(accountKeyOf(text)).toBeUndefined();
  });
});
