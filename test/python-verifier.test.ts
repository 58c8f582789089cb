import { beforeAll, describe, expect, it } from 'vitest';
import type { ExportFrame } from '../ledger/export-format.ts';
import { exportBytes, readFrames } from '../ledger/testing/export-bytes.ts';
import { fixedBytes } from '../ledger/testing/fixtures.ts';
import { exportOf, type SampleLedger, sampleLedger } from '../replay/testing/sample-ledger.ts';
import { tellStory } from '../replay/testing/story.ts';
import { concat } from '../wire/bytes.ts';
import {
  editCommit,
  edits,
  floatVersion,
  headers,
  oddNotes,
  signedWith,
} from './python-verifier-cases.ts';
import { type Finding, findPython, judge, runPython } from './python-verifier-world.ts';
import { type SeededRandom, seededRandom } from './slow/seeded-random.ts';

const python = findPython();
let sample: SampleLedger;
let random: SeededRandom;

beforeAll(async () => {
  sample = await sampleLedger();
  random = seededRandom('python-verifier');
});

/** Both verifiers say the same of each file; gives what they say. */
async function agreed(files: ReadonlyMap<string, Uint8Array>): Promise<Map<string, Finding>> {
  const found = new Map<string, Finding>();
  for (const [name, { ours, theirs }] of await judge(files)) {
    expect(theirs, name).toEqual(ours);
    found.set(name, ours);
  }
  return found;
}

function codes(found: ReadonlyMap<string, Finding>): Set<string> {
  return new Set([...found.values()].map((one) => ('code' in one ? one.code : 'whole')));
}

/** A file of these commits whose frames are right, whatever the commits are. */
function fileOf(commits: readonly Uint8Array[], frames: readonly ExportFrame[]): Uint8Array {
  const others = frames.filter(({ type }) => type !== 'commit');
  const at = others.findIndex(({ type }) => type !== 'header' && type !== 'note');
  const those = commits.map((bytes): ExportFrame => ({ type: 'commit', bytes }));
  return exportBytes(others.toSpliced(at, 0, ...those));
}

describe.skipIf(python === undefined)('the verifier in Python', () => {
  it('passes its own tests, those of RFC 8032 among them', async () => {
    const { code, err } = await runPython(['-m', 'unittest', 'discover', '--start-directory', '.']);
    expect(err).toContain('OK');
    expect(code).toBe(0);
  });

  it('takes whole exports, with changed keys and checkpoints, and gives the same head and root', async () => {
    const { story } = await tellStory();
    const notes = [...sample.notes.values()];
    const found = await agreed(
      new Map([
        ['sample', await exportOf(sample.commits)],
        ['sample with checkpoints', await exportOf(sample.commits, { notes })],
        ['prefix', await exportOf(sample.commits.slice(0, 4))],
        ['story', await exportOf(story.store.commits)],
      ]),
    );
    expect(codes(found)).toEqual(new Set(['whole']));
  });

  it('names the same record for a bit flipped anywhere in a file', async () => {
    const notes = [...sample.notes.values()].slice(0, 2);
    const bytes = await exportOf(sample.commits, { notes });
    const files = new Map<string, Uint8Array>();
    for (let at = random.between(0, 3); at < bytes.length; at += random.between(1, 40)) {
      const mask = 1 << random.between(0, 8);
      files.set(`byte ${at} ^ ${mask}`, bytes.with(at, (bytes[at] ?? 0) ^ mask));
    }
    const found = await agreed(files);
    expect(found.size).toBeGreaterThan(100);
    expect(codes(found)).not.toContain('whole');
    expect(codes(found).size).toBeGreaterThan(5);
  });

  it('names the same record for a file cut anywhere, or with bytes behind it', async () => {
    const bytes = await exportOf(sample.commits);
    const files = new Map([['longer', concat(bytes, Uint8Array.of(0))]]);
    for (let length = 0; length < bytes.length; length += random.between(1, 100))
      files.set(`cut to ${length}`, bytes.subarray(0, length));
    expect(codes(await agreed(files))).toEqual(new Set(['EXPORT_MALFORMED']));
  });

  it('names the same record for commits swapped, dropped, doubled, moved or of another ledger', async () => {
    const frames = await readFrames(await exportOf(sample.commits));
    const { commits } = sample;
    const files = new Map<string, Uint8Array>();
    for (const [at, bytes] of commits.entries()) {
      const next = commits[at + 1];
      const add = (what: string, changed: readonly Uint8Array[]) =>
        files.set(`${what} ${at}`, fileOf(changed, frames));
      add('dropped', commits.toSpliced(at, 1));
      add('doubled', commits.toSpliced(at, 0, bytes));
      add('moved', [...commits.toSpliced(at, 1), bytes]);
      add('cut after', commits.slice(0, at));
      if (next !== undefined) add('swapped', commits.with(at, next).with(at + 1, bytes));
    }
    const foreign = editCommit(commits[2] ?? new Uint8Array(), (parts) =>
      parts.with(1, fixedBytes('stranger', 16)),
    );
    files.set('foreign', fileOf(commits.with(2, foreign), frames));
    expect(codes(await agreed(files))).toEqual(
      new Set(['whole', 'INDEX_GAP', 'FOREIGN', 'EXPORT_MALFORMED', 'EMPTY']),
    );
  });

  it('names the same record for a commit edited in any of its parts', async () => {
    const frames = await readFrames(await exportOf(sample.commits));
    const { commits } = sample;
    const files = new Map<string, Uint8Array>();
    for (const at of [0, 2, 4, 5, 7]) {
      const bytes = commits[at] ?? new Uint8Array();
      for (const [what, change] of edits)
        files.set(
          `${what}, commit ${at}`,
          fileOf(commits.with(at, editCommit(bytes, change)), frames),
        );
      files.set(
        `version in a float, commit ${at}`,
        fileOf(commits.with(at, floatVersion(bytes)), frames),
      );
      for (let turn = 0; turn < 30; turn++) {
        const place = random.between(0, bytes.length);
        const other = bytes.with(place, random.between(0, 256));
        files.set(`byte ${place}, commit ${at}, ${turn}`, fileOf(commits.with(at, other), frames));
      }
    }
    const found = codes(await agreed(files));
    for (const code of [
      'COMMIT_MALFORMED',
      'VERSION_UNSUPPORTED',
      'HEAD_MISMATCH',
      'SIGNATURE_INVALID',
      'RECORD_MALFORMED',
      'whole',
    ])
      expect(found).toContain(code);
  });

  it('names the same record where somebody with the key has signed what may not be', async () => {
    const frames = await readFrames(await exportOf(sample.commits));
    const files = new Map<string, Uint8Array>();
    for (const [what, header] of headers)
      for (const at of [0, 1] as const)
        files.set(`${what}, record ${at}`, fileOf(signedWith(sample.commits, at, header), frames));
    const found = codes(await agreed(files));
    for (const code of [
      'KIND_UNKNOWN',
      'GENESIS_INVALID',
      'TIME_REVERSED',
      'RECORD_MALFORMED',
      'VERSION_UNSUPPORTED',
    ])
      expect(found).toContain(code);
  });

  it('believes the same checkpoints', async () => {
    const files = new Map<string, Uint8Array>();
    for (const [what, note] of oddNotes(sample)) {
      const bytes = exportBytes(
        (await readFrames(await exportOf(sample.commits))).toSpliced(1, 0, {
          type: 'note',
          text: note,
        }),
      );
      files.set(what, bytes);
    }
    expect(codes(await agreed(files))).toEqual(
      new Set(['whole', 'FORKED', 'ROLLED_BACK', 'PIN_INVALID']),
    );
  });

  it('ends with 0, 1 or 2', async () => {
    expect((await runPython(['verify.py'])).code).toBe(2);
    expect((await runPython(['verify.py', '--help'])).code).toBe(2);
    expect((await runPython(['verify.py', '/nowhere'])).code).toBe(2);
    expect((await runPython(['verify.py', '/dev/null'])).code).toBe(1);
  });
});
