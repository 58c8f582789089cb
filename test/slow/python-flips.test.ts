import { describe, expect, it } from 'vitest';
import { exportOf, sampleLedger } from '../../replay/testing/sample-ledger.ts';
import { findPython, judge } from '../python-verifier-world.ts';
import { seededRandom } from './seeded-random.ts';

const filesAtOnce = 400;

describe.skipIf(findPython() === undefined)('an export with one bit flipped', () => {
  it('is refused with the same code and index by the verifier in Python, whichever byte it is', async () => {
    const random = seededRandom('python-flips');
    const { commits, notes } = await sampleLedger();
    const bytes = await exportOf(commits, { notes: [...notes.values()] });
    const codes: Record<string, number> = {};
    for (let from = 0; from < bytes.length; from += filesAtOnce) {
      const files = new Map<string, Uint8Array>();
      for (let at = from; at < Math.min(from + filesAtOnce, bytes.length); at++) {
        const mask = 1 << random.between(0, 8);
        files.set(`byte ${at} ^ ${mask}`, bytes.with(at, (bytes[at] ?? 0) ^ mask));
      }
      for (const [name, { ours, theirs }] of await judge(files)) {
        expect(theirs, name).toEqual(ours);
        const code = 'code' in ours ? ours.code : 'whole';
        codes[code] = (codes[code] ?? 0) + 1;
      }
    }
    console.log(`${bytes.length} bytes:`, codes);
    expect(codes).not.toHaveProperty('whole');
  });
});
