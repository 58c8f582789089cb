import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fieldsGranted, grantDocumentFault, grantEnd } from './agent-grant.ts';
import type { AgentGrant, GrantScope } from './agent-terms.ts';
import { type Contract, parseContract, signContract } from './contract.ts';
import { signerFrom } from './crypto.ts';

const rate = { per_hour: 10, burst: 2 };
const scope: GrantScope = {
  ...{ name: 'name', type: 'data.request', fields: ['personal/full_name'] },
  ...{ purpose: 'shopping', approval: 'auto', rate },
};
const pay: GrantScope = {
  ...{ name: 'pay', type: 'payment.request', purpose: 'shopping', approval: 'ask', rate },
};

function grant(scopes: readonly unknown[] = [scope], other: object = {}): unknown {
  const cool_down = { refusals: 5, within_minutes: 60, minutes: 30 };
  return { scopes, expires: 'P30D', rate, cool_down, ...other };
}

describe('a grant', () => {
  it('is what stands in examples', async () => {
    const url = new URL('../examples/agent.grant.json', import.meta.url);
    expect(grantDocumentFault(JSON.parse(await readFile(url, 'utf8')))).toBeUndefined();
  });

  it('may have scopes with and without fields, targets and storage', () => {
    const first = { ...scope, approval: 'first', remember: 'P7D', targets: ['*.shop.example'] };
    const storage = { categories: ['orders'], megabytes: 1 };
    expect(grantDocumentFault(grant([first, pay], { storage }))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['nothing at all', undefined],
    ['no scope', grant([])],
    ['too many scopes', grant(Array.from({ length: 17 }, (_, at) => ({ ...pay, name: `s${at}` })))],
    ['a member that is not known', grant([scope], { more: 1 })],
    ['a scope with one', grant([{ ...scope, more: 1 }])],
    ['no end', { ...(grant() as object), expires: undefined }],
    ['an end in words', grant([scope], { expires: 'tomorrow' })],
    ['an end before there was time', grant([scope], { expires: -1 })],
    ['no cool-down', { ...(grant() as object), cool_down: undefined }],
    [
      'a cool-down after none',
      grant([scope], { cool_down: { refusals: 0, within_minutes: 1, minutes: 1 } }),
    ],
    [
      'a cool-down for ever',
      grant([scope], { cool_down: { refusals: 1, within_minutes: 1, minutes: 10_081 } }),
    ],
    ['a rate of nothing', grant([{ ...scope, rate: { per_hour: 0, burst: 1 } }])],
    ['a rate beyond all bounds', grant([{ ...scope, rate: { per_hour: 1, burst: 1_001 } }])],
    ['an approval that is none', grant([{ ...scope, approval: 'always' }])],
    ['an approval that is left out', grant([{ ...scope, approval: undefined }])],
    ['no purpose', grant([{ ...scope, purpose: undefined }])],
    ['a field that is none', grant([{ ...scope, fields: ['full_name'] }])],
    [
      'the same field twice',
      grant([{ ...scope, fields: [...(scope.fields ?? []), ...(scope.fields ?? [])] }]),
    ],
    ['a name that could end a line', grant([{ ...scope, name: 'a\nb' }])],
    ['a first yes without an end', grant([{ ...scope, approval: 'first' }])],
    [
      'a first yes that lasts for no time',
      grant([{ ...scope, approval: 'first', remember: 'P0D' }]),
    ],
    ['a first yes for two years', grant([{ ...scope, approval: 'first', remember: 'P700D' }])],
    [
      'an end of a yes that is asked for each time',
      grant([{ ...scope, approval: 'ask', remember: 'P1D' }]),
    ],
    ['a first yes to no field', grant([{ ...pay, approval: 'first', remember: 'P1D' }])],
    ['a target in upper case', grant([{ ...scope, targets: ['Shop.example'] }])],
    ['a target with a port', grant([{ ...scope, targets: ['shop.example:443'] }])],
    ['a target that is everybody', grant([{ ...scope, targets: ['*'] }])],
    ['no target in its list', grant([{ ...scope, targets: [] }])],
    ['two scopes of one name', grant([scope, { ...pay, name: 'name' }])],
    ['two scopes of one field and type', grant([scope, { ...scope, name: 'again' }])],
    ['two scopes of one type without fields', grant([pay, { ...pay, name: 'again' }])],
    [
      'a field with two purposes',
      grant([scope, { ...scope, name: 'proof', type: 'identity.request', purpose: 'proof' }]),
    ],
    [
      'a field that is given in one scope and asked for in another',
      grant([scope, { ...scope, name: 'proof', type: 'identity.request', approval: 'ask' }]),
    ],
  ])('is refused with %s', (_, document) => {
    expect(grantDocumentFault(document)).toBeTypeOf('string');
  });

  it('may have a field in scopes of two types where they say the same of it', () => {
    const proof = { ...scope, name: 'proof', type: 'identity.request', approval: 'first' as const };
    const asked = { ...scope, approval: 'ask' as const };
    const both = [asked, { ...proof, remember: 'PT1H' }];
    expect(grantDocumentFault(grant(both))).toBeUndefined();
    expect(fieldsGranted({ ...(grant(both) as AgentGrant) })).toEqual([
      {
        name: 'personal/full_name',
        tier: 'consent',
        purpose: 'shopping',
        retention: 'until_revoked',
      },
    ]);
  });

  it('ends at its time, or so long after it was taken; within a year', () => {
    const end = (expires: number | string): number | undefined =>
      grantEnd(grant([scope], { expires }) as AgentGrant, 1_000);
    expect(end(1_001)).toBe(1_001);
    expect(end('PT1M')).toBe(61_000);
    expect(end(1_000)).toBeUndefined();
    expect(end('P0D')).toBeUndefined();
    expect(end('P366D')).toBe(1_000 + 366 * 86_400_000);
    expect(end('P367D')).toBeUndefined();
    expect(end(2 ** 47)).toBeUndefined();
  });

  it('is no part of a contract that a service brings', async () => {
    const url = new URL('../examples/retailer.contract.json', import.meta.url);
    const contract = JSON.parse(await readFile(url, 'utf8')) as Contract;
    const signer = signerFrom(new Uint8Array(32).fill(1));
    const { scopes, cool_down } = grant() as AgentGrant;
    expect(parseContract(signContract(signer, contract)).ok).toBe(true);
    const agent = { ...contract, agent: { scopes, cool_down } };
    expect(parseContract(signContract(signer, agent))).toMatchObject({ reason: 'schema_invalid' });
  });
});
