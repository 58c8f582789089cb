import { describe, expect, test } from 'vitest';
import { objectSchema, schemaFault, schemaFaults } from './json-schema.ts';

const name = { type: 'string', minLength: 1 } as const;

describe('an object schema', () => {
  const schema = objectSchema({ name, nick: name }, ['nick']);

  test.each<[string, unknown]>([
    ['all members', { name: 'a', nick: 'b' }],
    ['the optional member left out', { name: 'a' }],
  ])('fits a value with %s', (_, value) => {
    expect(schemaFault(schema, value)).toBeUndefined();
  });

  test.each<[string, unknown, string]>([
    ['a member missing', {}, "the value must have required property 'name'"],
    ['one member more', { name: 'a', x: 1 }, 'the value must NOT have additional properties'],
    ['another type', { name: 1 }, '/name must be string'],
    ['an array', [], 'the value must be object'],
  ])('does not fit a value with %s', (_, value, fault) => {
    expect(schemaFault(schema, value)).toBe(fault);
  });
});

test('two schemas may bear the same id, and each is itself', () => {
  const one = { $id: 'same', type: 'string' };
  const two = { $id: 'same', type: 'number' };
  expect([schemaFault(one, 'x'), schemaFault(two, 1)]).toStrictEqual([undefined, undefined]);
  expect([schemaFault(one, 1), schemaFault(two, 'x')]).not.toContain(undefined);
  expect(schemaFault({ ...one }, 'x')).toBeUndefined();
});

test('a schema may refer to a part of itself', () => {
  const schema = {
    type: 'array',
    items: { $ref: '#/$defs/leaf' },
    $defs: { leaf: { anyOf: [{ type: 'string' }, { $ref: '#' }] } },
  };
  expect(schemaFault(schema, ['a', ['b', []]])).toBeUndefined();
  expect(schemaFault(schema, ['a', [1]])).toBeDefined();
});

test('a schema that is none is an error, and so is a word that is not known', () => {
  expect(() => schemaFault({ type: 'text' }, 1)).toThrow();
  expect(() => schemaFault({ typ: 'string' }, 1)).toThrow('unknown keyword');
});

test('a fault tells little of a value whose names a stranger chose', () => {
  const schema = { type: 'object', additionalProperties: { type: 'string' } };
  expect(schemaFault(schema, { ['x'.repeat(10_000)]: 1 })?.length).toBeLessThan(200);
});

describe('every fault of a value', () => {
  const schema = objectSchema({ name, nick: name });

  test('is found, each with its place', () => {
    const faults = schemaFaults(schema, { name: '', nick: 1 });
    expect(faults.map(({ where, keyword }) => [where, keyword])).toEqual([
      ['/name', 'minLength'],
      ['/nick', 'type'],
    ]);
  });

  test('is none where it fits', () => {
    expect(schemaFaults(schema, { name: 'a', nick: 'b' })).toEqual([]);
  });
});
