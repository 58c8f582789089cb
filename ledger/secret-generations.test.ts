import { expect, it } from 'vitest';
import { generationName, generationsOf } from './secret-generations.ts';

it('the first generation of a secret bears its plain name', () => {
  expect([1, 2, 13].map((each) => generationName('signing', each))).toEqual([
    'signing',
    'signing.2',
    'signing.13',
  ]);
});

it('the generations of a secret are found among all names, in their order', () => {
  const names = [
    ...['signing.10', 'signing', 'signing.2', 'signing.1', 'signing.02', 'signing.2.3'],
    ...['ledger.2', 'purpose.signing', 'signing.old', 'signings', 'signing.'],
  ];
  expect(generationsOf('signing', names)).toEqual([1, 2, 10]);
  expect(generationsOf('ledger', names)).toEqual([2]);
  expect(generationsOf('none', names)).toEqual([]);
});

it('every name that is made is found again', () => {
  for (const generation of [1, 2, 9, 10, 99, 100, 12_345])
    expect(generationsOf('a.b', [generationName('a.b', generation)])).toEqual([generation]);
});
