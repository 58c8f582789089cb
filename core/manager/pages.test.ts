import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encode } from '../../wire/msgpack.ts';
import { type Item, pageOf } from './pages.ts';

const item = (mark: string, bytes: number): Item => ({
  mark,
  describe: () => `${mark} ${'x'.repeat(bytes)}`,
});
const items = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), fc.nat(60_000)), {
    selector: ([mark]) => mark,
    maxLength: 12,
  })
  .map((all) => all.map(([mark, bytes]) => item(mark, bytes)));

test('pages show everything once, in order, and each fits or holds one thing', () => {
  fc.assert(
    fc.property(items, (all) => {
      const shown: string[] = [];
      for (let from: string | null = ''; from !== null; ) {
        const page = pageOf(all, from);
        shown.push(...page.shown.map(({ mark }) => mark));
        const { length } = encode(page.shown.map(({ value }) => value) as string[]);
        expect(page.shown.length <= 1 || length <= 48 * 1024 + 16).toBe(true);
        from = page.next;
      }
      expect(shown).toEqual(all.map(({ mark }) => mark).sort());
    }),
  );
});

test('what comes or goes between two pages takes nothing else with it', () => {
  const all = ['a', 'b', 'c', 'd'].map((mark) => item(mark, 30_000));
  const { next } = pageOf(all);
  expect(next).toBe('b');
  const later = [item('a2', 10), ...all.filter(({ mark }) => mark !== 'b')];
  expect(pageOf(later, next ?? '').shown.map(({ mark }) => mark)).toEqual(['c']);
});

test('a mark that nobody gave shows what comes after it', () => {
  expect(pageOf([item('a', 1)], 'zz')).toEqual({ shown: [], next: null });
});
