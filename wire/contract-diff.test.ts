import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contract, type ContractField, contractHash } from './contract.ts';
import { changeInWords, followWords } from './contract-change-words.ts';
import { type ContractChange, diffContracts } from './contract-diff.ts';
import { contracts } from './testing/contracts.ts';

const [first] = fc.sample(contracts, { numRuns: 1, seed: 7 }) as [Contract];
const address = {
  name: 'personal/shipping_address',
  tier: 'consent',
  purpose: 'fulfilment',
  retention: 'session',
} as const;
const before: Contract = { ...first, fields: [address] };

function changes(after: Partial<Contract>, from: Contract = before): readonly ContractChange[] {
  return diffContracts(from, { ...from, ...after }).changes;
}

function storing(
  contract: Contract,
  categories: readonly string[],
  megabytes: number | null,
): Contract {
  const { storage: _, ...rest } = contract;
  if (categories.length === 0 && !megabytes) return rest;
  return { ...rest, storage: { categories, megabytes: megabytes ?? 0 } };
}

function withLimit(contract: Contract, name: string, after: unknown): Contract {
  if (name === 'storage_megabytes')
    return storing(contract, contract.storage?.categories ?? [], after as number | null);
  const { [name as keyof Contract['limits']]: _, ...rest } = contract.limits;
  const limits = after === null ? rest : { ...rest, [name]: after };
  return { ...contract, limits: limits as Contract['limits'] };
}

/** The contract with one change made to it. */
function withChange(contract: Contract, change: ContractChange): Contract {
  const { kind, name, member, after } = change;
  if (kind === 'permission')
    return { ...contract, permissions: { ...contract.permissions, [name]: after } };
  if (kind === 'limit') return withLimit(contract, name, after);
  if (kind === 'category') {
    const { categories = [], megabytes = 0 } = contract.storage ?? {};
    const others = categories.filter((one) => one !== name);
    const all = after === null ? others : [...others, name];
    return storing(contract, all.toSorted(), megabytes);
  }
  if (kind === 'about') {
    const { [name as keyof Contract]: _, ...rest } = contract;
    return { ...rest, ...(after === null ? {} : { [name]: after }) } as Contract;
  }
  const others = contract.fields.filter((one) => one.name !== name);
  const field = contract.fields.find((one) => one.name === name);
  if (member !== undefined)
    return { ...contract, fields: [...others, { ...field, [member]: after } as ContractField] };
  return { ...contract, fields: after === null ? others : [...others, after as ContractField] };
}

describe('the diff of two contracts', () => {
  it('of a contract and itself is empty, in whatever order its fields stand', () => {
    fc.assert(
      fc.property(contracts, (contract) => {
        const turned = { ...contract, fields: contract.fields.toReversed() };
        expect(diffContracts(contract, turned).changes).toEqual([]);
      }),
    );
  });

  it('the other way round says the opposite of each change', () => {
    const opposite = { more: 'less', less: 'more', other: 'other' } as const;
    const turned = { added: 'removed', removed: 'added', changed: 'changed' } as const;
    const key = ({ kind, name, member }: ContractChange): string => `${kind} ${name} ${member}`;
    const byKey = (a: ContractChange, b: ContractChange): number => (key(a) < key(b) ? -1 : 1);
    fc.assert(
      fc.property(contracts, contracts, (a, b) => {
        const there = diffContracts(a, b).changes.map((one) => ({
          ...one,
          change: turned[one.change],
          before: one.after,
          after: one.before,
          leaning: opposite[one.leaning],
        }));
        const back = diffContracts(b, a).changes;
        expect(back.toSorted(byKey)).toEqual(there.toSorted(byKey));
      }),
    );
  });

  it('misses nothing: the changes, made to the first, give the second', () => {
    fc.assert(
      fc.property(contracts, contracts, (a, b) => {
        const made = diffContracts(a, b).changes.reduce(withChange, a);
        const fields = b.fields.map(({ name }) => made.fields.find((one) => one.name === name));
        expect(made.fields).toHaveLength(b.fields.length);
        expect({ ...made, fields }).toEqual(b);
      }),
    );
  });

  it('names a field that is added, and one that is removed', () => {
    const birthday = { ...address, name: 'personal/date_of_birth' };
    expect(changes({ fields: [birthday] })).toEqual([
      expect.objectContaining({ change: 'added', name: birthday.name, leaning: 'more' }),
      expect.objectContaining({ change: 'removed', name: address.name, leaning: 'less' }),
    ]);
  });

  it.each([
    ['a consent that is asked for no more', { tier: 'on_demand' }, 'tier', 'more'],
    ['a longer retention', { retention: 'P1D' }, 'retention', 'more'],
    ['a field that is served once only', { retention: 'P0D' }, 'retention', 'less'],
    ['another purpose', { purpose: 'advertising' }, 'purpose', 'other'],
  ] as const)('weighs %s', (_, change, member, leaning) => {
    const [found, ...others] = changes({ fields: [{ ...address, ...change }] });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ change: 'changed', name: address.name, member, leaning });
  });

  it('calls the same length in other letters neither more nor less', () => {
    const day = { ...before, fields: [{ ...address, retention: 'P1D' }] };
    const [found] = changes({ fields: [{ ...address, retention: 'PT24H' }] }, day);
    expect(found).toMatchObject({ member: 'retention', leaning: 'other' });
  });

  it('weighs an end that is taken away', () => {
    const { expires: _, ...endless } = { ...before, expires: 1_700_000_000_000 };
    const ending = { ...endless, expires: 1_700_000_000_000 };
    const [found] = diffContracts(ending, endless).changes;
    expect(found).toMatchObject({ change: 'removed', name: 'expires', leaning: 'more' });
  });

  it('says what was before and what is after in plain words', () => {
    const fields = [{ ...address, tier: 'on_demand' as const, retention: 'P1DT2H' }];
    expect(changes({ fields }).map(changeInWords)).toEqual([
      {
        what: 'personal/shipping_address: tier',
        before: 'given only when you say yes, each time',
        after: 'given whenever it is asked for, without asking you',
        leaning: 'more',
      },
      {
        what: 'personal/shipping_address: retention',
        before: 'for this interaction only',
        after: 'for 1 day 2 hours from the first time',
        leaning: 'more',
      },
    ]);
  });

  it('tells a next version from one that only claims to be', () => {
    const next = { ...before, version: 2, previous: contractHash(before) };
    const forged = { ...next, previous: '0'.repeat(64) };
    expect(diffContracts(before, next).follows).toBe(true);
    expect(diffContracts(before, forged).follows).toBe(false);
    expect(diffContracts(next, before).follows).toBe(false);
    expect(followWords(diffContracts(before, next))).toBe('version 2 follows version 1');
    expect(followWords(diffContracts(before, before))).toBe('the same document');
    expect(followWords(diffContracts(before, forged))).toContain('would refuse it');
  });
});
