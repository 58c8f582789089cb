import { describe, expect, it } from 'vitest';
import { isFieldName, isPurpose, mayRead, maySign, permissionPattern } from './permissions.ts';

describe('a permission to read', () => {
  it.each([
    ['read:*', 'personal/name', true],
    ['read:personal/*', 'personal/name', true],
    ['read:personal/*', 'personal/address/city', true],
    ['read:personal/*', 'personality/name', false],
    ['read:personal/address/*', 'personal/name', false],
    ['read:personal/name', 'personal/name', true],
    ['read:personal/name', 'personal/names', false],
    ['sign:payment', 'personal/name', false],
  ])('%s lets %s be read: %s', (permission, field, permitted) => {
    expect(new RegExp(permissionPattern).test(permission)).toBe(true);
    expect(mayRead([permission], field)).toBe(permitted);
  });
});

describe('a permission to sign', () => {
  it('is for one purpose', () => {
    expect(maySign(['sign:payment'], 'payment')).toBe(true);
    expect(maySign(['sign:payment'], 'pay')).toBe(false);
    expect(maySign(['read:*'], 'payment')).toBe(false);
  });
});

describe('names', () => {
  it.each([
    'name',
    'Personal/name',
    'personal//name',
    'a/b\n',
    'a/..',
    '',
    7,
    `a/${'b'.repeat(127)}`,
  ])('%j names no field', (name) => expect(isFieldName(name)).toBe(false));

  it.each(['Payment', 'pay/ment', '', null])('%j names no purpose', (name) =>
    expect(isPurpose(name)).toBe(false),
  );
});
