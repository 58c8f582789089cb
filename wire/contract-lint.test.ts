import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import example from '../examples/retailer.contract.json' with { type: 'json' };
import { type Contract, type ContractField, parseContract, signContract } from './contract.ts';
import { lintContract } from './contract-lint.ts';
import { contractInWords } from './contract-words.ts';
import { signerFrom } from './crypto.ts';
import { contracts } from './testing/contracts.ts';

const now = 1_800_000_000_000;
const signer = signerFrom(new Uint8Array(32).fill(1));
const retailer = example as Contract;
const [field] = retailer.fields as [ContractField];

function found(changes: Record<string, unknown>): string[] {
  const { findings } = lintContract({ ...retailer, ...changes }, now);
  return findings.map(({ level, where, what }) => `${level} ${where} ${what}`);
}

const withField = (change: Partial<ContractField>) => ({ fields: [{ ...field, ...change }] });

describe('the contract linter', () => {
  it('finds nothing to say about the example', () => {
    expect(lintContract(retailer, now)).toEqual({ findings: [], contract: retailer });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a missing member', { title: undefined }, 'fault  has no title'],
    ['an unknown one', { colour: 'red' }, 'fault  has an unknown member, "colour"'],
    ['a wrong tier', withField({ tier: 'secret' as never }), 'fault /fields/0/tier is none of'],
    ['a bad name', withField({ name: 'Name' }), 'fault /fields/0/name is no field name'],
    ['a bad purpose', withField({ purpose: 'two words' }), 'fault /fields/0/purpose is no purpose'],
    [
      'a bad retention',
      withField({ retention: 'P1M' }),
      'fault /fields/0/retention is no retention',
    ],
    ['a line break', { title: 'a\nb' }, 'fault /title holds a line break'],
    ['an empty text', { description: '' }, 'fault /description is empty'],
    ['a version of nought', { version: 0 }, 'fault /version is less than 1'],
    ['a wrong type', { permissions: [] }, 'fault /permissions is not of type object'],
    [
      'a field declared twice',
      { fields: [field, field] },
      'fault /fields/1 field personal/full_name',
    ],
    ['a chain without a start', { version: 2 }, 'fault /previous the version before is not named'],
  ])('names the place of %s', (_, changes, expected) => {
    const json = JSON.parse(JSON.stringify(changes)) as Record<string, unknown>;
    const changed = { ...retailer, ...json } as Record<string, unknown>;
    for (const [name, value] of Object.entries(changes))
      if (value === undefined) delete changed[name];
    const { findings, contract } = lintContract(changed, now);
    const lines = findings.map(({ level, where, what }) => `${level} ${where} ${what}`);
    expect(lines.some((line) => line.startsWith(expected))).toBe(true);
    expect(contract).toBeUndefined();
  });

  it('finds every fault at once', () => {
    expect(found({ title: '', version: 0, fields: [{ ...field, tier: 'x' }] })).toHaveLength(3);
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'a consent field kept for long',
      withField({ tier: 'consent' }),
      'the owner is asked each time',
    ],
    [
      'a consent field that ends',
      withField({ tier: 'consent', retention: 'PT1H' }),
      'is not asked any more',
    ],
    [
      'a field that is served once',
      withField({ tier: 'on_demand', retention: 'P0D' }),
      'is served once',
    ],
    [
      'a required field for a session',
      withField({ retention: 'session' }),
      'session says otherwise',
    ],
    ['a purpose that says nothing', withField({ purpose: 'misc' }), 'says nothing about what'],
    ['a description that says nothing', { description: 'Orders' }, 'says little'],
    ['missing terms', { terms: undefined }, '/terms is missing'],
    ['terms that are no link', { terms: 'ask us' }, '/terms is no https link'],
    ['an end in the past', { expires: 1_795_000_000_000 }, '/expires is past'],
    ['an end before its start', { expires: 1 }, 'never in force'],
    ['an end within a day', { expires: now + 1 }, 'less than a day away'],
    ['a start in the future', { published: now + 1e9 }, '/published lies in the future'],
    [
      'limits that cannot be met',
      { limits: { requests_per_hour: 36_000, burst: 2 } },
      'cannot be met',
    ],
    [
      'a bucket that hardly fills',
      { limits: { requests_per_hour: 1, burst: 100 } },
      'more than a day',
    ],
    [
      'nothing to do',
      { fields: [], permissions: { ...retailer.permissions, payment: false } },
      'nothing can be done',
    ],
    ['invisible characters', { title: 'Or\u200bders' }, '/title holds invisible characters'],
  ])('has advice on %s', (_, changes, expected) => {
    const changed = Object.fromEntries(
      Object.entries({ ...retailer, ...changes }).filter(([, value]) => value !== undefined),
    );
    const { findings, contract } = lintContract(changed, now);
    expect(findings.map(({ level }) => level)).toContain('advice');
    expect(findings.map(({ where, what }) => `${where} ${what}`).join('\n')).toContain(expected);
    expect(contract).toEqual(changed);
  });

  it('reads a signed contract too, and its signature', () => {
    const signed = signContract(signer, retailer);
    expect(lintContract(signed, now).findings).toEqual([]);
    const other = { ...signed, contract: { ...retailer, title: 'Other' } };
    expect(lintContract(other, now).findings).toEqual([
      { level: 'fault', where: '', what: expect.stringContaining('signature') },
    ]);
  });

  it('finds a fault exactly where a vault would refuse the document', () => {
    const spoiled = fc.constantFrom<Record<string, unknown>>(
      {},
      { version: 2 },
      { v: 2 },
      { fields: [field, field] },
      { title: '' },
      { more: 1 },
    );
    fc.assert(
      fc.property(contracts, spoiled, (contract, spoil) => {
        const document = { ...contract, ...spoil } as Contract;
        const signed = signContract(signer, document);
        const refused = !parseContract(signed).ok;
        for (const one of [document, signed])
          expect(lintContract(one, now).contract === undefined).toBe(refused);
      }),
      { numRuns: 50 },
    );
  });

  it.each([null, 1, 'x', [], {}, { contract: 1 }])('takes any JSON: %j', (document) => {
    expect(lintContract(document, now).findings.length).toBeGreaterThan(0);
  });
});

describe('a contract in words', () => {
  it('says everything, always in the same form', () => {
    const empty: Contract = { ...retailer, fields: [] };
    const [full, none] = [retailer, empty].map((one) => contractInWords(one, 'ab'));
    expect(none?.about.map(([label]) => label)).toEqual(full?.about.map(([label]) => label));
    expect(none?.fields.map(({ tier }) => tier)).toEqual(full?.fields.map(({ tier }) => tier));
    expect(full?.permissions).toHaveLength(7);
    expect(full?.fields.flatMap(({ fields }) => fields)).toHaveLength(retailer.fields.length);
  });

  it.each([
    ['session', 'for this interaction only'],
    ['until_revoked', 'as long as the connection lives'],
    ['P30D', 'for 30 days from the first time'],
    ['P1DT1H30M', 'for 1 day 1 hour 30 minutes from the first time'],
    ['PT1M', 'for 1 minute from the first time'],
    ['P0D', 'only once'],
  ])('tells the retention %s as "%s"', (retention, words) => {
    const { fields } = contractInWords({ ...retailer, fields: [{ ...field, retention }] }, 'ab');
    expect(fields[0]?.fields[0]?.retention).toBe(words);
  });
});
