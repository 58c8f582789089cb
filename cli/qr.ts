import { renderUnicodeCompact } from 'uqr';

/** A QR code for a terminal: text of half blocks, dark on light, with a quiet zone around it. */
export function qrCode(text: string): string {
  return renderUnicodeCompact(text, { ecc: 'L', border: 2 });
}
