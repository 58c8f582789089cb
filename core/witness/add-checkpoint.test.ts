import { describe, expect, it } from 'vitest';
import vectors from '../../docs/spec/vectors/checkpoint.json' with { type: 'json' };
import { fromHex, toBase64 } from '../../wire/bytes.ts';
import {
  addCheckpointUrl,
  formatAddCheckpoint,
  parseAddCheckpoint,
  proofLinesMax,
} from './add-checkpoint.ts';

const hash = toBase64(new Uint8Array(32).fill(7));
const note = 'example.com/log\n1\nroot\n\n\u2014 a signature\n';

// The example of C2SP tlog-witness.
const published = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`;

describe('a request', () => {
  it('that was published is read, and written back byte for byte', () => {
    const request = parseAddCheckpoint(published);
    expect(request?.oldSize).toBe(20_852_014);
    expect(request?.proof).toHaveLength(4);
    expect(request?.note).toMatch(/^example\.com\/behind-the-sofa\n20852163\n/);
    expect(request && formatAddCheckpoint(request)).toBe(published);
  });

  it('may have no proof', () => {
    expect(parseAddCheckpoint(`old 0\n\n${note}`)).toStrictEqual({ oldSize: 0, proof: [], note });
  });

  it('has at most 63 lines of proof', () => {
    const body = (lines: number) => `old 5\n${`${hash}\n`.repeat(lines)}\n${note}`;
    expect(parseAddCheckpoint(body(proofLinesMax))?.proof).toHaveLength(63);
    expect(parseAddCheckpoint(body(proofLinesMax + 1))).toBeUndefined();
  });
});

describe('refused as no request is', () => {
  it.each([
    ['nothing', ''],
    ['an old size alone', 'old 5\n'],
    ['no empty line', `old 5\n${hash}\n`],
    ['no old size', `${hash}\n\n${note}`],
    ['another word', `new 5\n\n${note}`],
    ['a capital', `Old 5\n\n${note}`],
    ['two spaces', `old  5\n\n${note}`],
    ['a leading zero', `old 05\n\n${note}`],
    ['a sign', `old +5\n\n${note}`],
    ['a size of 2^53', `old 9007199254740992\n\n${note}`],
    ['an empty size', `old \n\n${note}`],
    ['a shorter hash', `old 5\n${toBase64(new Uint8Array(31))}\n\n${note}`],
    ['a hash with a space after it', `old 5\n${hash} \n\n${note}`],
    ['a hash without padding', `old 5\n${hash.slice(0, -1)}\n\n${note}`],
    ['carriage returns', `old 5\r\n${hash}\r\n\r\n${note}`],
  ])('%s', (_, body) => {
    expect(parseAddCheckpoint(body)).toBeUndefined();
  });
});

describe('checkpoint.json', () => {
  it.each(vectors.requests)('$name is written and read', ({ oldSize, proof, note: said, body }) => {
    const request = { oldSize, proof: proof.map(fromHex), note: said };
    expect(formatAddCheckpoint(request)).toBe(body);
    expect(parseAddCheckpoint(body)).toStrictEqual(request);
  });

  it.each(vectors.refusedRequests)('a request with $name is refused', ({ body }) => {
    expect(parseAddCheckpoint(body)).toBeUndefined();
  });
});

it.each([
  ['http://localhost:1', 'http://localhost:1/add-checkpoint'],
  ['http://localhost:1/', 'http://localhost:1/add-checkpoint'],
  ['https://w.example/a/b//', 'https://w.example/a/b/add-checkpoint'],
])('requests for %s go to %s', (prefix, url) => {
  expect(addCheckpointUrl(prefix)).toBe(url);
});
