import { expect } from 'vitest';
import type { ReceiptVerdict } from '../../replay/verify-receipt.ts';

/**
 * Flips a bit of every `step`th byte of a receipt, one at a time: it is refused, or claims what it claimed.
 * @param verify - how a receipt's text is judged
 */
export function expectFlipsFound(
  text: string,
  verify: (text: string) => ReceiptVerdict,
  step: number,
): void {
  const whole = verify(text);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) {
    const bit = 1 << ((at * 5) % 8);
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    const verdict = verify(bytes.toString());
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    if (verdict.ok) expect(verdict, `byte ${at}`).toStrictEqual(whole);
  }
}
