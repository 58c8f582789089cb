import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import vectors from '../docs/spec/vectors/statement.json' with { type: 'json' };
import { fromBase64url, fromHex, toBase64url, toHex } from './bytes.ts';
import { signerFrom } from './crypto.ts';
import { decode } from './msgpack.ts';
import {
  checkStatement,
  type SignedStatement,
  type Statement,
  signStatement,
} from './statement.ts';

const signer = signerFrom(fromHex(vectors.seed));
const known = [signer.publicKey];
const signed = (name: string): SignedStatement =>
  vectors.statements.find((vector) => vector.name === name)?.signed as SignedStatement;

describe('statement.json', () => {
  test('names the key that signs', () => {
    expect(toBase64url(signer.publicKey)).toBe(vectors.publicKey);
    expect(signed('served').key).toBe(vectors.key);
  });

  test.each(vectors.statements)(
    '$name is signed over domain, a zero byte and the message',
    (vector) => {
      const { key: _, signature, ...statement } = vector.signed as SignedStatement;
      expect(signStatement(signer, statement)).toStrictEqual(vector.signed);
      const bare = signer.sign('cambium/statement/v1', fromHex(vector.message));
      expect(toBase64url(bare)).toBe(signature);
      const checked = { ok: true, statement: vector.signed };
      expect(checkStatement(vector.signed, known)).toStrictEqual(checked);
    },
  );

  test.each(vectors.statements)('$name says in its message what its members say', (vector) => {
    const { key: _, signature: __, ...statement } = vector.signed as SignedStatement;
    const { ledger, leaf, ...others } = statement;
    const message = decode(fromHex(vector.message));
    const bytes = { ledger: fromHex(ledger), leaf: fromBase64url(leaf) };
    expect(message).toStrictEqual({ ...others, ...bytes });
    expect(Object.keys(message ?? {})).toStrictEqual(Object.keys(message ?? {}).sort());
  });

  test.each(vectors.refused)('$name is $fault', ({ value, fault }) => {
    expect(checkStatement(value, known)).toMatchObject({ ok: false, fault });
  });
});

describe('a statement', () => {
  it('is known by any of the keys that its ledger has had', () => {
    const other = signerFrom(fromHex('02'.repeat(32)));
    const { key: _, signature: __, ...statement } = signed('served');
    const later = signStatement(other, statement);
    const unknown = { ok: false, fault: 'key_unknown', statement: later };
    expect(checkStatement(later, known)).toStrictEqual(unknown);
    expect(checkStatement(later, [...known, other.publicKey])).toMatchObject({ ok: true });
    const posing = { ...later, key: signed('served').key };
    expect(checkStatement(posing, known)).toStrictEqual({ ok: false, fault: 'forged' });
  });

  it('is never an exception, whatever stands in its place', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(checkStatement(value, known).ok).toBe(false);
      }),
    );
  });

  it('is refused with any character of it changed', () => {
    const text = JSON.stringify(signed('refused'));
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 127 }), (at, flip) => {
        const character = String.fromCharCode(text.charCodeAt(at) ^ flip);
        const value = parsed(text.slice(0, at) + character + text.slice(at + 1));
        const check = checkStatement(value, known);
        if (check.ok) expect(check.statement).toStrictEqual(signed('refused'));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes as many bytes, whichever of the two reasons that are told as one it hides', () => {
    const base: Statement = { ...signed('refused'), code: 'refused' };
    const length = (leaf: string, time: number): number =>
      JSON.stringify(signStatement(signer, { ...base, leaf, time })).length;
    const leaf = signed('served').leaf;
    expect(length(leaf, 1_645_557_742_336)).toBe(length(base.leaf, 1_999_999_999_999));
    expect(toHex(fromBase64url(leaf))).toHaveLength(64);
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
