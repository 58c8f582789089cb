import { describe, expect, it } from 'vitest';
import vectors from '../docs/spec/vectors/handover.json' with { type: 'json' };
import { fromBase64url } from './bytes.ts';
import { followHandovers, type KnownKeys, knownKeyIds } from './handover.ts';
import { isProven } from './rekey.ts';

type Text = { readonly signing: string; readonly encapsulation: string; readonly ledger: string };

function keysIn(text: Text): KnownKeys {
  const { signing, encapsulation, ledger } = text;
  return {
    signing: fromBase64url(signing),
    encapsulation: fromBase64url(encapsulation),
    ledger: fromBase64url(ledger),
  };
}

const known = keysIn(vectors.known);

describe('keys of a vault that hand over', () => {
  it('are named by their ids', () => {
    expect(knownKeyIds(known)).toEqual(vectors.ids);
  });

  it.each(vectors.followed)('lead where they say: $name', ({ handovers, keys }) => {
    const found = followHandovers(vectors.vault, known, handovers);
    expect(found).toEqual({ ok: true, value: keysIn(keys) });
  });

  it.each(vectors.refused)('are refused whole: $name', ({ handovers, code }) => {
    const given = JSON.parse(JSON.stringify(handovers)) as unknown;
    expect(followHandovers(vectors.vault, known, given)).toMatchObject({ ok: false, reason: code });
  });

  it('are nobody’s who gives too many at once', () => {
    const [one] = vectors.followed[0]?.handovers ?? [];
    const many = new Array<unknown>(21).fill(one);
    expect(followHandovers(vectors.vault, known, many)).toMatchObject({ reason: 'schema_invalid' });
  });
});

describe('keys of a party that hand over', () => {
  const { connection, before, payload } = vectors.rekey;
  const place = { vault: vectors.vault, connection, before: fromBase64url(before) };

  it('are proven by the next one', () => {
    expect(isProven(place, payload)).toBe(true);
  });

  it.each(vectors.rekey.refused)('are not, $name', ({ place: other, payload: shown }) => {
    expect(isProven({ ...other, before: fromBase64url(other.before) }, shown)).toBe(false);
  });
});
