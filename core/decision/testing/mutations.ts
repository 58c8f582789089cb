/*
 * Small faults in a program's text, one at a time: what a test suite is worth shows in whether it finds them.
 * They are made in compiled JavaScript, where `<` is always a comparison and `:` never a type.
 */

/** A source file with one fault in it. */
export type Mutant = {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** What was done, and to what. */
  readonly what: string;
  readonly source: string;
};

/** Text that is replaced, and by what. */
const swaps: readonly (readonly [string, string])[] = [
  [' < ', ' <= '],
  [' <= ', ' < '],
  [' > ', ' >= '],
  [' >= ', ' > '],
  [' === ', ' !== '],
  [' !== ', ' === '],
  [' && ', ' || '],
  [' || ', ' && '],
  [' + ', ' - '],
  [' * ', ' / '],
  ['Math.min(', 'Math.max('],
  ['Math.max(', 'Math.min('],
  ['.some(', '.every('],
  ['.every(', '.some('],
  ['(!', '('],
  ['=> !', '=> '],
  ['.filter(', '.slice(0, 0).filter('],
];

/** Every mutant of a file. */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  return [
    ...swapped(file, source),
    ...withoutConditions(file, source),
    ...withoutChecks(file, source),
  ];
}

function swapped(file: string, source: string): Mutant[] {
  return swaps.flatMap(([from, to]) =>
    placesOf(source, from).map((at) => mutant(file, source, at, from, to)),
  );
}

/** A condition that never holds, and one that always does. */
function withoutConditions(file: string, source: string): Mutant[] {
  return placesOf(source, 'if (').flatMap((at) => {
    const condition = source.slice(at + 3, closing(source, at + 3) + 1);
    return ['(false)', '(true)'].map((to) => mutant(file, source, at + 3, condition, to));
  });
}

/** A check that is turned off: it passes whatever it is given. */
function withoutChecks(file: string, source: string): Mutant[] {
  const entry = /^ {4}(?:'[\w.]+'|\w+): \w+(?:Check|Fault),?$/gm;
  return [...source.matchAll(entry)].map(({ 0: text, index }) => {
    const colon = text.indexOf(': ') + 2;
    const check = text.slice(colon).replace(',', '');
    const off = check.endsWith('Check')
      ? "() => ({ result: 'pass', inputs: {} })"
      : '() => undefined';
    return mutant(file, source, index + colon, check, off);
  });
}

/** Where a text stands in code; comments are not code. */
function placesOf(source: string, text: string): number[] {
  const places: number[] = [];
  for (let at = source.indexOf(text); at >= 0; at = source.indexOf(text, at + 1))
    if (!/^\s*(?:\/?\*|\/\/)/.test(lineAt(source, at))) places.push(at);
  return places;
}

function lineAt(source: string, at: number): string {
  return source.slice(source.lastIndexOf('\n', at) + 1, source.indexOf('\n', at));
}

/** Index of the bracket that closes the one at `at`. */
function closing(source: string, at: number): number {
  let depth = 0;
  for (let i = at; i < source.length; i += 1) {
    if (source[i] === '(') depth += 1;
    else if (source[i] === ')') depth -= 1;
    if (depth === 0) return i;
  }
  throw new RangeError('a bracket is not closed');
}

function mutant(file: string, source: string, at: number, from: string, to: string): Mutant {
  const line = source.slice(0, at).split('\n').length;
  const what = `${lineAt(source, at).trim()}  [${from.trim()} → ${to.trim()}]`;
  return { file, line, what, source: source.slice(0, at) + to + source.slice(at + from.length) };
}
