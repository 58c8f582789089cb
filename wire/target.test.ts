import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTarget, isTargetPattern, targetMatches } from './target.ts';

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const domains = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join('.'));

describe('a target', () => {
  it.each([
    'shop.example',
    'a.b.c.d.shop.example',
    'xn--bcher-kva.example',
    'shop.xn--p1ai',
    '1.shop.example',
    'a-b.example',
    `${'a'.repeat(63)}.example`,
  ])('is a domain: %s', (text) => {
    expect(isTarget(text)).toBe(true);
  });

  it.each([
    ['', 'nothing'],
    ['shop', 'one label'],
    ['localhost', 'a name of this machine'],
    ['Shop.example', 'upper case'],
    ['shop.example.', 'a dot at the end'],
    ['.shop.example', 'a dot in front'],
    ['shop..example', 'an empty label'],
    ['shop.example:443', 'a port'],
    ['https://shop.example', 'an address of a page'],
    ['shop.example/pay', 'a path'],
    ['ada@shop.example', 'a user'],
    ['127.0.0.1', 'an address'],
    ['0x7f.1', 'an address in other digits'],
    ['shop.0x7f', 'a last label of digits in another base'],
    ['[::1]', 'a long address'],
    ['1.2', 'digits alone'],
    ['shöp.example', 'letters that are not ASCII'],
    ['shоp.example', 'a letter of another script that looks the same'],
    ['ab--cd.example', 'an encoding that nobody knows'],
    ['-shop.example', 'a hyphen in front'],
    ['shop-.example', 'a hyphen at the end'],
    ['shop_1.example', 'an underscore'],
    ['*.shop.example', 'a pattern'],
    ['shop.example\n', 'a line that goes on'],
    ['shop.example ', 'a gap'],
    ['shop.example\u0000.evil.example', 'a zero'],
    [`${'a'.repeat(64)}.example`, 'a label that is too long'],
    [`${'a.'.repeat(124)}example`, 'too long'],
  ])('is not %j: %s', (text) => {
    expect(isTarget(text)).toBe(false);
  });
});

describe('a pattern', () => {
  it('is a domain, or everything under one that has a dot', () => {
    expect(['shop.example', '*.shop.example'].every(isTargetPattern)).toBe(true);
    for (const other of [
      '*',
      '*.example',
      '*.*.example',
      'shop.*',
      '*shop.example',
      '**.a.b',
      '*.',
    ])
      expect(isTargetPattern(other)).toBe(false);
  });

  it('names exactly its domain, or what has at least one label more', () => {
    fc.assert(
      fc.property(domains, label, (domain, more) => {
        expect(targetMatches(domain, domain)).toBe(true);
        expect(targetMatches(domain, `${more}.${domain}`)).toBe(false);
        expect(targetMatches(`*.${domain}`, domain)).toBe(false);
        expect(targetMatches(`*.${domain}`, `${more}.${domain}`)).toBe(true);
        expect(targetMatches(`*.${domain}`, `${more}.${more}.${domain}`)).toBe(true);
      }),
    );
  });

  it('names nothing that only ends, or only begins, like its domain', () => {
    fc.assert(
      fc.property(domains, label, (domain, more) => {
        for (const lookalike of [`${more}${domain}`, `${domain}${more}`, `${domain}.${more}`])
          for (const pattern of [domain, `*.${domain}`])
            expect(targetMatches(pattern, lookalike)).toBe(false);
      }),
    );
  });

  it('is total, and names nothing that is not in form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (pattern, target) => {
        if (targetMatches(pattern, target)) expect(isTarget(target)).toBe(true);
        expect(targetMatches(`*.${target}`, target)).toBe(false);
      }),
    );
  });
});
