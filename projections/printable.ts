/**
 * Text from others, safe to show on a terminal: control characters, line breaks and marks that turn
 * the reading direction are written as escapes, so that a name cannot move the cursor or pose as another line.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}
