import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase64url } from './bytes.ts';
import {
  type Contract,
  type ContractField,
  contractHash,
  parseContract,
  signContract,
} from './contract.ts';
import { signerFrom } from './crypto.ts';

const signer = signerFrom(new Uint8Array(32).fill(1));
const field: ContractField = {
  name: 'personal/shipping_address',
  tier: 'on_demand',
  purpose: 'fulfilment',
  retention: 'P30D',
};
const contract: Contract = {
  v: 1,
  id: 'shop.orders',
  version: 1,
  service: { id: 'shop', name: 'The Shop' },
  title: 'Orders',
  description: 'What we need to send you what you bought.',
  published: 1_645_557_742_000,
  fields: [
    field,
    { ...field, name: 'personal/name', tier: 'required', retention: 'until_revoked' },
  ],
  permissions: {
    store: false,
    messages: true,
    authentication: false,
    payment: true,
    signatures: false,
    identity: false,
    location: false,
  },
  limits: { requests_per_hour: 60, burst: 10 },
};

/** Signs a document whatever is in it, as a hostile service would. */
function hostile(changes: Record<string, unknown>): unknown {
  const document = { ...contract, ...changes };
  for (const [name, value] of Object.entries(document))
    if (value === undefined) Reflect.deleteProperty(document, name);
  return signContract(signer, document as unknown as Contract);
}

function outcome(document: unknown): string {
  const parsed = parseContract(document);
  return parsed.ok ? 'taken' : parsed.reason;
}

describe('a signed contract', () => {
  const signed = signContract(signer, contract);

  test('is taken as it was signed', () => {
    expect(parseContract(signed)).toStrictEqual({ ok: true, value: signed });
    expect(parseContract(JSON.parse(JSON.stringify(signed)))).toMatchObject({ ok: true });
  });

  test('is taken with its members in another order, and has the same hash', () => {
    const turned = Object.fromEntries(Object.entries(contract).toReversed()) as Contract;
    expect(outcome({ ...signed, contract: turned })).toBe('taken');
    expect(contractHash(turned)).toBe(contractHash(contract));
  });

  test('has the hash that the standard gives it', () => {
    expect(contractHash(contract)).toBe(
      'f556704e3e5d5c72a468357f395f51e412a51d0bb1b724645f681f96fc40b2b6',
    );
  });

  test.each<[string, Partial<Contract>]>([
    ['a title', { title: 'Other' }],
    ['a tier', { fields: [{ ...field, tier: 'required' }] }],
    ['a permission', { permissions: { ...contract.permissions, location: true } }],
    ['a limit', { limits: { requests_per_hour: 600, burst: 10 } }],
    ['the order of fields', { fields: contract.fields.toReversed() }],
  ])('is refused when %s was altered', (_, changes) => {
    expect(outcome({ ...signed, contract: { ...contract, ...changes } })).toBe('signature_invalid');
  });

  test('is refused under another key or with another signature', () => {
    const other = toBase64url(signerFrom(new Uint8Array(32).fill(2)).publicKey);
    expect(outcome({ ...signed, key: other })).toBe('signature_invalid');
    expect(outcome({ ...signed, signature: toBase64url(new Uint8Array(64)) })).toBe(
      'signature_invalid',
    );
  });

  test('is refused, and nothing thrown, when key or signature is not canonical base64url', () => {
    const turned = (text: string) => `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'z'}`;
    expect(outcome({ ...signed, key: turned(signed.key) })).toBe('signature_invalid');
    expect(outcome({ ...signed, signature: turned(signed.signature) })).toBe('signature_invalid');
    for (const key of ['', `${signed.key}=`, signed.key.slice(1), `+${signed.key.slice(1)}`])
      expect(outcome({ ...signed, key })).toBe('schema_invalid');
  });

  test('is refused when the document has a part that is not known, or lacks one', () => {
    expect(outcome({ ...signed, extra: 1 })).toBe('schema_invalid');
    expect(outcome({ contract, key: signed.key })).toBe('schema_invalid');
    for (const document of [null, undefined, 1, 'text', [], {}, new Uint8Array(3)])
      expect(outcome(document)).toBe('schema_invalid');
  });
});

describe('a contract that its service signed all the same is refused', () => {
  test.each<[string, Record<string, unknown>]>([
    ['it has a part that is not known', { priority: 1 }],
    ['a field has', { fields: [{ ...field, extra: 1 }] }],
    ['its service has', { service: { id: 'a', name: 'b', verified: true } }],
    ['a permission is not known', { permissions: { ...contract.permissions, camera: true } }],
    ['a permission is missing', { permissions: {} }],
    ['a permission is no yes or no', { permissions: { ...contract.permissions, store: 1 } }],
    ['a field is declared twice', { fields: [field, { ...field, tier: 'consent' }] }],
    ['a tier is not known', { fields: [{ ...field, tier: 'always' }] }],
    ['a field has no namespace', { fields: [{ ...field, name: 'name' }] }],
    ['a field name is upper case', { fields: [{ ...field, name: 'personal/Name' }] }],
    ['a purpose is a sentence', { fields: [{ ...field, purpose: 'to sell' }] }],
    ['it has more fields than a contract may', { fields: manyFields(201) }],
    ['its form has another version', { v: 2 }],
    ['its version is 0', { version: 0 }],
    ['its version is past the greatest', { version: 1_000_001, previous: 'ab'.repeat(32) }],
    ['version 1 names one before it', { previous: 'ab'.repeat(32) }],
    ['version 2 names none before it', { version: 2 }],
    ['the version before is no hash', { version: 2, previous: 'AB'.repeat(32) }],
    ['its id holds a slash', { id: 'a/b' }],
    ['it was published before time began', { published: -1 }],
    ['it expires past 48 bits', { expires: 2 ** 48 }],
    ['its title is empty', { title: '' }],
    ['its title is too long', { title: 'x'.repeat(201) }],
    ['it allows no request', { limits: { requests_per_hour: 0, burst: 1 } }],
    ['it has no limits', { limits: undefined }],
  ])('when %s', (_, changes) => {
    expect(outcome(hostile(changes))).toBe('schema_invalid');
  });

  // An owner reads these lines: they may neither move the cursor nor turn the text round.
  test.each([
    '\u001b[2J',
    'a\nb',
    'a\rb',
    '\u0000',
    '\u0085',
    '\u2028',
    '\u202e',
    '\u2066',
    '\u200f',
  ])('when a text that the owner reads holds %j', (text) => {
    for (const changes of [{ title: text }, { description: text }, { terms: text }])
      expect(outcome(hostile(changes))).toBe('schema_invalid');
    expect(outcome(hostile({ service: { id: 'shop', name: text } }))).toBe('schema_invalid');
  });

  test('when a text holds half a surrogate pair', () => {
    const signed = signContract(signer, contract);
    expect(outcome({ ...signed, contract: { ...contract, title: 'a\ud800' } })).toBe(
      'schema_invalid',
    );
  });
});

describe('a text that the owner reads', () => {
  test.each(['Bücher', 'كتب', '本屋 😀', 'פרח‍ים', 'a\u00a0b'])('may be %j', (title) => {
    expect(outcome(hostile({ title }))).toBe('taken');
  });
});

describe('a retention', () => {
  const of = (retention: unknown) => outcome(hostile({ fields: [{ ...field, retention }] }));

  test.each(['session', 'until_revoked', 'P1D', 'P9999D', 'PT1H', 'PT30M', 'P1DT2H3M', 'P0D'])(
    'may be %s',
    (retention) => expect(of(retention)).toBe('taken'),
  );

  test.each([
    ...[
      '',
      'P',
      'PT',
      'P1DT',
      'P1Y',
      'P1M',
      'P1W',
      'PT1S',
      'P1H',
      'PT1M1H',
      'P-1D',
      'P1.5D',
      'P10000D',
    ],
    ...['1D', 'p1d', 'P1D ', 'P1D\n', 'forever', 'SESSION', 7, null],
  ])('may not be %j', (retention) => expect(of(retention)).toBe('schema_invalid'));
});

test('whatever the document is, it is taken or refused', () => {
  const signed = signContract(signer, contract);
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(contract)), fc.jsonValue(), (name, value) => {
      const altered = { ...signed, contract: { ...contract, [name]: value } };
      expect(['taken', 'schema_invalid', 'signature_invalid']).toContain(outcome(altered));
      expect(['schema_invalid', 'signature_invalid']).toContain(
        outcome({ ...signed, [name]: value }),
      );
    }),
  );
});

function manyFields(count: number): ContractField[] {
  return Array.from({ length: count }, (_, i) => ({ ...field, name: `personal/f${i}` }));
}
