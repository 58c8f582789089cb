import { expect, test } from 'vitest';
import type { ContractField, SignedContract } from './contract.ts';
import { fieldsByName, withSharedLines } from './contract-fields.ts';

const line = (over: Partial<ContractField> = {}): ContractField => ({
  name: 'personal/email',
  tier: 'required',
  purpose: 'fulfilment',
  retention: 'P30D',
  ...over,
});
const signed = (...fields: ContractField[]): SignedContract =>
  ({ contract: { id: 'shop', fields }, key: 'k', signature: 's' }) as unknown as SignedContract;

test('lines that say the same are one object; what differs in anything is not', () => {
  const [one, two] = [withSharedLines(signed(line())), withSharedLines(signed(line()))];
  const other = withSharedLines(signed(line({ purpose: 'marketing' })));
  expect(two.contract.fields[0]).toBe(one.contract.fields[0]);
  expect(other.contract.fields[0]).not.toBe(one.contract.fields[0]);
  expect(other.contract.fields[0]?.purpose).toBe('marketing');
});

test('the contract says what it said, however many lines there were before', () => {
  const fields = Array.from({ length: 5_000 }, (_, at) => line({ name: `personal/n${at}` }));
  const contract = signed(...fields);
  expect(withSharedLines(contract)).toStrictEqual(contract);
  expect(withSharedLines(contract)).toStrictEqual(contract);
});

test('a field is found by its name', () => {
  const { contract } = signed(line(), line({ name: 'personal/age' }));
  expect(fieldsByName(contract).get('personal/age')).toBe(contract.fields[1]);
  expect(fieldsByName(contract).get('personal/name')).toBeUndefined();
});
