import { expect, test } from 'vitest';
import { checkEncodable } from './encodable.ts';

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
const circle: unknown[] = [];
circle.push(circle);

test.each([
  ['undefined', undefined],
  ['undefined in an array', [undefined]],
  ['a hole in an array', new Array<unknown>(1)],
  ['a number that is not finite', { a: [Number.NaN] }],
  ['an infinite number', Number.NEGATIVE_INFINITY],
  ['an integer of 2^53', 2n ** 53n],
  ['a negative integer of 2^53', -(2n ** 53n)],
  ['half a surrogate pair', 'a\ud800b'],
  ['half a surrogate pair in a key', { '\udc00': 1 }],
  ['the key __proto__', JSON.parse('{"__proto__":1}')],
  ['a date', new Date(0)],
  ['a map', new Map()],
  ['a set', new Set()],
  ['an error', new Error('no')],
  ['an array buffer', new ArrayBuffer(1)],
  ['a typed array that is not of bytes', new Uint16Array(1)],
  ['a function', () => 1],
  ['a symbol', Symbol('no')],
  ['what goes round in a circle', circle],
])('refuses %s', (_, value) => {
  expect(() => checkEncodable(value, 32)).toThrow(TypeError);
});

test.each([
  ['null', null],
  ['a member that is undefined', { a: undefined }],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['a member called toJSON', { toJSON: 'x', constructor: 'y', hasOwnProperty: 'z' }],
  ['a surrogate pair', '😀'],
  ['the greatest integer', BigInt(Number.MAX_SAFE_INTEGER)],
  ['bytes', new Uint8Array(3)],
])('takes %s', (_, value) => {
  expect(() => checkEncodable(value, 32)).not.toThrow();
});

test('counts depth as the reader does', () => {
  expect(() => checkEncodable(deep(4), 4)).not.toThrow();
  expect(() => checkEncodable(deep(5), 4)).toThrow('nested too deep');
});

test('never tells the value', () => {
  expect(() => checkEncodable({ secret: 'hush\ud800' }, 4)).toThrow(
    'not encodable: text with half a surrogate pair',
  );
});
