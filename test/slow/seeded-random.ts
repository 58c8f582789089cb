import { randomInt } from 'node:crypto';

/* Randomness that a failed run can be repeated with. */

/** Numbers from one seed: the same seed gives the same numbers. */
export type SeededRandom = {
  readonly seed: number;
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number, at least `from` and less than `to`. */
  between(from: number, to: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
};

/** The numbers of `CAMBIUM_SEED`, or of a fresh seed; says which, so that it can be repeated. */
export function seededRandom(name: string): SeededRandom {
  const given = Number(process.env['CAMBIUM_SEED'] ?? Number.NaN);
  const seed = Number.isInteger(given) ? given : randomInt(2 ** 31);
  console.log(`${name}: CAMBIUM_SEED=${seed}`);
  return randomFrom(seed);
}

/** mulberry32. */
export function randomFrom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from));
  return {
    seed,
    next,
    between,
    pick: (choices) => choices[between(0, choices.length)] ?? choices[0],
  };
}
