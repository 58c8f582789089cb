import { printable } from '../projections/printable.ts';

/** Combining marks that one letter may carry; more only serve to paint over other lines. */
const marksMax = 4;

const extraMarks = new RegExp(`(\\p{M}{${marksMax}})\\p{M}+`, 'gu');
const mark = /[\p{Mn}\p{Me}]/u;
const wideEmoji = /\p{Emoji_Presentation}/u;

/** Code points, first and last, that take two columns (East Asian Width W and F, without emoji). */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
];

/** Styles of a terminal. */
const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Name of a style. */
export type Style = keyof typeof styles;

/**
 * `text` on one line, without anything that a terminal obeys, and without heaps of combining marks.
 * Names come from other parties, so each is attacker-controlled.
 */
export function visibleText(text: string): string {
  return printable(text).replace(extraMarks, '$1');
}

/** Columns that visible text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The beginning of visible text that fits `width` columns; `…` ends it where something is cut. */
export function fitText(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let out = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    out += character;
  }
  return width < 1 ? '' : `${out}…`;
}

/** `text` in a style, where there is colour. */
export function styled(text: string, style: Style, colour: boolean): string {
  return colour && text !== '' ? `\x1b[${styles[style]}m${text}\x1b[0m` : text;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (mark.test(character)) return 0;
  const wide = wideRanges.some(([first, last]) => code >= first && code <= last);
  return wide || wideEmoji.test(character) ? 2 : 1;
}
