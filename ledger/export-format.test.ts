import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, toHex, utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { encode } from '../wire/msgpack.ts';
import { type ExportFrame, exportMagic, frameKinds } from './export-format.ts';
import { readExport } from './export-reader.ts';
import { end, exportBytes, header, readFrames } from './testing/export-bytes.ts';
import { fixedBytes } from './testing/fixtures.ts';

const note: ExportFrame = { type: 'note', text: 'text\n\n\u2014 name c2ln\n' };
const commit: ExportFrame = { type: 'commit', bytes: fixedBytes('commit', 30) };
const key: ExportFrame = { type: 'key', name: 'scope.a0', bytes: fixedBytes('key') };
const file: ExportFrame = { type: 'file', name: 'vine/a.conf', bytes: utf8('port: 1\n') };
const whole = [header, note, commit, commit, key, file, end];

const malformed = expect.objectContaining({ code: 'EXPORT_MALFORMED' });

/** A frame of any type, payload and claimed length. */
function rawFrame(letter: string, payload: Uint8Array, length = 1 + payload.length): Uint8Array {
  const head = new Uint8Array(5);
  new DataView(head.buffer).setUint32(0, length);
  head[4] = letter.charCodeAt(0);
  return concat(head, payload);
}

describe('the bytes of an export do not change:', () => {
  it('magic, header, a commit and the end', () => {
    const bytes = exportBytes([header, { type: 'commit', bytes: utf8('commit') }, end]);
    expect(toHex(bytes)).toMatchInlineSnapshot(
      `"63616d6269756d2d6c65646765722d6578706f727420310a000000ac487b2276223a312c227661756c74223a226161616161616161616161616161616161616161616161616161222c226c6564676572223a226134336330333733363133323738653638396133383866303736386265623662222c226c65646765725f6b6579223a224c45367a4b51467141614d7a52436a434d7051424679306553774173476f4f6954674f6361497639506259222c2263726561746564223a313830303030303030303030307d0000000743636f6d6d6974000000fa457b22636f6d6d697473223a322c227265636f726473223a332c2268656164223a2239663265366433336133373137656538323633353361343034626134363138643161656562363837396164373933366263653865643566343638313439323464222c22726f6f74223a2234383133343934643133376531363331626261333031643561636162366537626237616137346365313138356434353635363565663531643733373637376232222c22646967657374223a2233366636663730393831663231373435666461366164343731313637373564643066623539316131636538396163643963323965383235323663373039333162227d"`,
    );
  });
});

describe('an export', () => {
  it('is read back as it was written, in pieces of any length', async () => {
    const bytes = exportBytes(whole);
    expect(await readFrames(bytes)).toEqual(whole);
    const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(lengths, async (some) => {
        expect(await readFrames(bytes, some)).toEqual(whole);
      }),
    );
  });

  it('may have no more than its header and end', async () => {
    expect(await readFrames(exportBytes([header, end]))).toHaveLength(2);
  });

  it('is refused when any one byte of it is another', async () => {
    const bytes = exportBytes(whole);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      // What the end tells of the ledger is held against the ledger by whoever verifies it.
      const told = await readFrames(changed).catch(() => undefined);
      if (told !== undefined) expect(told.slice(0, -1)).toEqual(whole.slice(0, -1));
      if (told !== undefined) expect(told.at(-1)).not.toEqual(end);
    }
  });

  it('is refused when it is cut anywhere, or has bytes behind it', async () => {
    const bytes = exportBytes(whole);
    for (let length = 0; length < bytes.length; length++)
      await expect(readFrames(bytes.subarray(0, length))).rejects.toThrow(malformed);
    await expect(readFrames(concat(bytes, Uint8Array.of(0)))).rejects.toThrow(malformed);
    await expect(readFrames(concat(bytes, bytes))).rejects.toThrow(malformed);
  });

  it('gives what stands before the fault', async () => {
    const bytes = concat(exportBytes([header, commit]), Uint8Array.of(0, 0));
    const frames: ExportFrame[] = [];
    const reading = (async () => {
      for await (const frame of readExport(oneByOne(bytes))) frames.push(frame);
    })();
    await expect(reading).rejects.toThrow(malformed);
    expect(frames).toEqual([header, commit]);
  });
});

describe('frames of an export', () => {
  it.each<readonly [string, readonly ExportFrame[]]>([
    ['no frame at all', []],
    ['no header', [commit, end]],
    ['two headers', [header, header, end]],
    ['a header later', [header, commit, header, end]],
    ['no end', [header, commit]],
    ['two ends', [header, end, end]],
    ['a commit behind the end', [header, end, commit]],
    ['a checkpoint behind a commit', [header, commit, note, end]],
    ['a commit behind a key', [header, key, commit, end]],
    ['a key behind a file', [header, file, key, end]],
    ['a name that stands twice', [header, key, key, end]],
    ['names that descend', [header, { ...file, name: 'b' }, { ...file, name: 'a' }, end]],
    ['a longer name first', [header, { ...file, name: 'aa' }, { ...file, name: 'b' }, end]],
    ['too many checkpoints', [header, ...Array<ExportFrame>(257).fill(note), end]],
  ])('are refused with %s', async (_, frames) => {
    await expect(readFrames(exportBytes(frames))).rejects.toThrow(malformed);
  });

  it.each([
    '',
    '.',
    '..',
    'a/..',
    '../a',
    '/a',
    'a//b',
    'a/',
    '.hidden',
    'a/.b',
    'a\\b',
    'a b',
    'a\0',
    'ä',
    'a\n',
    'a'.repeat(256),
  ])('are refused with the file name %j', async (name) => {
    await expect(readFrames(exportBytes([header, { ...file, name }, end]))).rejects.toThrow(
      malformed,
    );
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'a/b', '*', 'a>', 'a'.repeat(129)])(
    'are refused with the key name %j',
    async (name) => {
      await expect(readFrames(exportBytes([header, { ...key, name }, end]))).rejects.toThrow(
        malformed,
      );
    },
  );

  it.each([
    ['of no type', rawFrame('X', utf8(''))],
    ['without a type', rawFrame('C', utf8(''), 0)],
    ['of a length that is refused before it comes', rawFrame('C', utf8(''), 524_290)],
    ['of the greatest length', rawFrame('F', utf8(''), 2 ** 32 - 1)],
    ['of a key that is not msgpack', rawFrame('K', Uint8Array.of(0xc1))],
    ['of a key that is a map', rawFrame('K', encode({ a: 1 }))],
    ['of a key with three parts', rawFrame('K', encode(['a', Uint8Array.of(1), 1]))],
    ['of a key that is text', rawFrame('K', encode(['a', 'b']))],
    ['of a key with bytes behind it', rawFrame('K', concat(encode(['a', utf8('b')]), utf8('c')))],
    ['of a checkpoint that is not UTF-8', rawFrame('P', Uint8Array.of(0xff, 0x0a))],
    ['of a checkpoint without a last line feed', rawFrame('P', utf8('note'))],
    ['of a checkpoint with a control character', rawFrame('P', utf8('a\tb\n'))],
  ])('are refused with one %s', async (_, bytes) => {
    await expect(readFrames(concat(exportBytes([header]), bytes))).rejects.toThrow(malformed);
  });

  it('are never written larger than they are read', () => {
    for (const [type, { bytesMax }] of Object.entries(frameKinds)) {
      const text = `${'a'.repeat(bytesMax)}\n`;
      const bytes = new Uint8Array(bytesMax + 1);
      const frame = { type, name: 'a', text, bytes } as unknown as ExportFrame;
      if (type === 'header' || type === 'end') continue;
      expect(() => exportBytes([frame])).toThrow(RangeError);
    }
  });
});

describe('header and end of an export', () => {
  /** A whole file whose header and end are spelled so; the digest is right. */
  function spelled(change: (json: string) => string): readonly [Uint8Array, boolean] {
    const whole = exportBytes([header, end]);
    const headLength = exportBytes([header]).length;
    const payload = (from: number, to?: number) =>
      new TextDecoder().decode(whole.subarray(from + 5, to));
    const json = payload(exportMagic.length, headLength);
    const before = concat(exportMagic, rawFrame('H', utf8(change(json))));
    const told = payload(headLength).replace(
      /"digest":"\w+"/,
      `"digest":"${toHex(sha256(before))}"`,
    );
    const changed = change(json) !== json || change(told) !== told;
    return [concat(before, rawFrame('E', utf8(change(told)))), changed];
  }

  it('are read as they are written', async () => {
    const [bytes] = spelled((json) => json);
    expect(await readFrames(bytes)).toEqual([header, end]);
  });

  it.each<readonly [string, (json: string) => string]>([
    ['a space', (json) => json.replace('"commits":', '"commits": ')],
    ['a space in the header', (json) => json.replace('"v":', '"v": ')],
    ['another order', (json) => json.replace(/^\{("commits":\d+),("records":\d+)/, '{$2,$1')],
    ['another member', (json) => json.replace(/^\{/, '{"more":1,')],
    ['a member that stands twice', (json) => json.replace(/^\{("\w+":[^,]+),/, '{$1,$1,')],
    ['an escape', (json) => json.replace('"commits', '"\\u0063ommits')],
    ['upper-case hex', (json) => json.replace(/"head":"\w+"/, (hex) => hex.toUpperCase())],
    ['upper-case digits', (json) => json.replace(/:"[0-9a-f]{64}"/, (hex) => hex.toUpperCase())],
    ['a leading zero', (json) => json.replace('"records":', '"records":0')],
    ['a minus', (json) => json.replace('"records":', '"records":-')],
    ['a fraction', (json) => json.replace('"records":3', '"records":3.0')],
    ['a number too large', (json) => json.replace('"records":3', '"records":9007199254740993')],
    ['a time too large', (json) => json.replace(/"created":\d+/, '"created":9007199254740993')],
    ['a key of other bits', (json) => json.replace(/.","created"/, '_","created"')],
    ['another version', (json) => json.replace('"v":1', '"v":2')],
    ['no vault', (json) => json.replace(/"vault":"\w+",/, '')],
    ['a line feed', (json) => `${json}\n`],
    ['a byte order mark', (json) => `\ufeff${json}`],
  ])('have one spelling: not with %s', async (_, change) => {
    const [bytes, changed] = spelled(change);
    expect(changed).toBe(true);
    await expect(readFrames(bytes)).rejects.toThrow(malformed);
  });
});

async function* oneByOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}
