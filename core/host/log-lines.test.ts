import { expect, it } from 'vitest';
import { createLogLines } from './log-lines.ts';

function logging(): { lines: string[]; write: (text: string) => void; clock: { nowMs: number } } {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const write = createLogLines(
    (line) => lines.push(line),
    () => clock.nowMs,
  );
  return { lines, write, clock };
}

it('gives whole lines without control characters', () => {
  const { lines, write } = logging();
  write('one\ntw');
  write('o\u001b[31m\n\nthree');
  expect(lines).toEqual(['one', 'two [31m']);
});

it('keeps no more of an endless line than it will give', () => {
  const { lines, write } = logging();
  for (let i = 0; i < 100; i++) write('x'.repeat(1000));
  write('\n');
  expect(lines).toEqual(['x'.repeat(1000)]);
});

it('silences a handler that says too much, until the next minute', () => {
  const { lines, write, clock } = logging();
  for (let i = 0; i < 100; i++) write(`${'x'.repeat(999)}\n`);
  expect(lines).toHaveLength(66);
  expect(lines.at(-1)).toBe('(the rest of this minute is dropped)');
  clock.nowMs = 60_000;
  write('again\n');
  expect(lines.at(-1)).toBe('again');
});
