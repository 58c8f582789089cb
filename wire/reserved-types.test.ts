import { expect, it } from 'vitest';
import {
  answerType,
  connectionRequestedType,
  consentRequestedType,
  wireTypes,
} from './messages.ts';
import { isReservedType } from './reserved-types.ts';

it('every type of the standard’s own is reserved', () => {
  const own = [
    ...Object.keys(wireTypes),
    answerType,
    connectionRequestedType,
    consentRequestedType,
  ];
  expect(own.filter((type) => !isReservedType(type))).toEqual([]);
});

it('only whole words are: a handler may serve what merely looks like one', () => {
  for (const type of ['owners.set', 'own.set', 'data.owner', 'connections.list', 'data.request'])
    expect(isReservedType(type)).toBe(false);
});
