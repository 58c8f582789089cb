import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exportMagic } from '../ledger/export-format.ts';
import { fromHex, toHex } from '../wire/bytes.ts';
import { type Finding, findPython, judge } from './python-verifier-world.ts';

type Vectors = {
  readonly whole: readonly {
    readonly name: string;
    readonly file: string;
    readonly records: number;
    readonly commits: number;
    readonly head: string;
    readonly root: string;
  }[];
  readonly refused: readonly ({
    readonly name: string;
    readonly of: number;
    readonly code: string;
    readonly index: number;
  } & ({ readonly cut: number } | { readonly at: number; readonly bytes: string }))[];
};

const spec = (path: string): string =>
  readFileSync(new URL(`../docs/spec/${path}`, import.meta.url), 'utf8');
const vectors = JSON.parse(spec('vectors/export.json')) as Vectors;

/** Each file of the vectors, and what has to be said of it. */
function cases(): Map<string, readonly [Uint8Array, Finding]> {
  const all = new Map<string, readonly [Uint8Array, Finding]>();
  for (const { name, file, records, commits, head, root } of vectors.whole)
    all.set(name, [fromHex(file), { records, commits, head, root }]);
  for (const { name, of, code, index, ...change } of vectors.refused) {
    const bytes = fromHex(vectors.whole[of]?.file ?? '');
    if ('cut' in change) all.set(name, [bytes.subarray(0, change.cut), { code, index }]);
    else {
      bytes.set(fromHex(change.bytes), change.at);
      all.set(name, [bytes, { code, index }]);
    }
  }
  return all;
}

describe('the vectors of exports', () => {
  it('are judged as they say, here and by the verifier in Python', async () => {
    const files = new Map([...cases()].map(([name, [bytes]]) => [name, bytes]));
    const python = findPython() !== undefined;
    for (const [name, { ours, theirs }] of await judge(files)) {
      const [, expected] = cases().get(name) ?? [];
      expect(ours, name).toEqual(expected);
      if (python) expect(theirs, name).toEqual(expected);
    }
  });

  it('hold changes of every sort', () => {
    const codes = new Set(vectors.refused.map(({ code }) => code));
    for (const code of ['EXPORT_MALFORMED', 'FOREIGN', 'FORKED', 'SIGNATURE_INVALID', 'INDEX_GAP'])
      expect(codes).toContain(code);
  });
});

describe('the page about exports', () => {
  it('shows the first of them, frame by frame', () => {
    const page = spec('export.md');
    const bytes = fromHex(vectors.whole[0]?.file ?? '');
    expect(page).toContain(`${bytes.length.toLocaleString('en-US')} bytes`);
    const view = new DataView(bytes.buffer);
    let at = exportMagic.length;
    while (at < bytes.length) {
      const length = view.getUint32(at);
      const payload = bytes.subarray(at + 5, at + 4 + length);
      const hex = (part: Uint8Array) => toHex(part).replaceAll(/..(?!$)/g, '$& ');
      const [head, type] = [hex(bytes.subarray(at, at + 4)), hex(bytes.subarray(at + 4, at + 5))];
      const shown = `${head}  ${type}  ${hex(payload.subarray(0, 3))} … ${hex(payload.subarray(-2))}`;
      expect(page).toContain(`${shown.padEnd(47)}${length} bytes: `);
      if (type === '48' || type === '45') expect(page).toContain(new TextDecoder().decode(payload));
      at += 4 + length;
    }
  });
});
