import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addCheckpointUrl } from '../core/witness/add-checkpoint.ts';
import { SampleLog } from '../core/witness/testing/sample-log.ts';
import { verifyCosignature } from '../ledger/cosignature.ts';
import { formatVkey, type NoteKey, noteKey, parseVkey } from '../ledger/note-key.ts';
import { type Note, parseNote, parseSignatureLine } from '../ledger/signed-note.ts';

const command = fileURLToPath(new URL('../dist/cli/witness.js', import.meta.url));
const log = new SampleLog();
const fork = new SampleLog(log.origin, 1);
const vkey = formatVkey(log.log.keys[0] as NoteKey);

/** A witness in a process of its own, as the command line runs it. */
type WitnessProcess = {
  readonly child: ChildProcess;
  readonly url: string;
  readonly key: NoteKey;
  readonly ended: Promise<number | null>;
};

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-witness-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function run(options: object) {
  const script = `
    import { witnessCommand } from ${JSON.stringify(command)};
    const context = { json: true, print: (text) => console.log(text), progress() {} };
    process.exitCode = await witnessCommand(context, ${JSON.stringify(options)}).catch((error) => {
      console.log(JSON.stringify({ kind: error.kind, message: error.message }));
      return 9;
    });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env: {} });
  children.push(child);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code));
  });
  const said = new Promise<Record<string, string>>((resolve) => {
    child.stdout?.once('data', (text: Buffer) => resolve(JSON.parse(text.toString('utf8'))));
  });
  return { child, ended, said };
}

async function start(): Promise<WitnessProcess> {
  const { child, ended, said } = run({ dir: folder, port: 0, origin: [vkey] });
  const { url = '', vkey: own = '' } = await said;
  const key = parseVkey(own);
  if (key === undefined) throw new Error(`no witness: ${own}`);
  return { child, url, key, ended };
}

/** What came of one submission: the status, and whether there was a good cosignature. */
async function submit({ url, key }: WitnessProcess, from: number, to: number, of = log) {
  const { status, body } = await post(addCheckpointUrl(url), await of.request(from, to));
  const line = parseSignatureLine(body.slice(0, -1));
  const signed = (parseNote(of.note(to)) as Note).text;
  const cosigned = line !== undefined && verifyCosignature(key, signed, line) !== undefined;
  return { status, body, cosigned };
}

/** Not fetch: it may wait for ever for a server that was killed as it connected. */
function post(url: string, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: false }, (response) => {
      text(response).then(
        (said) => resolve({ status: response.statusCode ?? 0, body: said }),
        reject,
      );
    });
    sent.once('error', reject).end(body);
  });
}

describe('cambium witness', () => {
  it('says who and where it is, serves, and ends in order', async () => {
    const witness = await start();
    expect(witness.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(witness.key.type).toBe('cosignature');
    expect(await submit(witness, 0, 7)).toMatchObject({ status: 200, cosigned: true });
    witness.child.kill('SIGTERM');
    expect(await witness.ended).toBe(0);
    const again = await start();
    expect(again.key).toStrictEqual(witness.key);
    expect(await submit(again, 0, 9)).toMatchObject({ status: 409, body: '7\n' });
  });

  it('does not run twice from one folder', async () => {
    const witness = await start();
    const second = run({ dir: folder, port: 0, origin: [vkey] });
    expect(await second.said).toMatchObject({ kind: 'failed', message: expect.any(String) });
    expect(await second.ended).toBe(9);
    expect(await submit(witness, 0, 7)).toMatchObject({ cosigned: true });
  });

  it.each([
    ['no log', { origin: [] }],
    ['what is no vkey', { origin: ['example.org/log+00000000+AAAA'] }],
    [
      'the key of a witness for a log’s',
      { origin: [formatVkey(noteKey('cosignature', 'a', log.signer.publicKey))] },
    ],
    ['a name with a space', { origin: [vkey], name: 'a b' }],
  ])('refuses %s as wrong use', async (_, options) => {
    const { said, ended } = run({ dir: folder, port: 0, ...options });
    expect(await said).toMatchObject({ kind: 'usage' });
    expect(await ended).toBe(9);
  });
});

describe('a witness that is killed at any moment', () => {
  it('has cosigned one history, in which no size has two roots and none goes back', async () => {
    const cosigned: { readonly size: number; readonly branch: SampleLog }[] = [];
    for (const afterMs of [0, 3, 10, 20, 40, 80]) {
      const witness = await start();
      cosigned.push(...(await race(witness)));
      const killed = sleep(afterMs).then(() => witness.child.kill('SIGKILL'));
      try {
        for (;;) cosigned.push(...(await race(witness)));
      } catch {
        // It was killed under the submission.
      }
      await killed;
      await witness.ended;
      const last = cosigned.at(-1);
      const next = await start();
      const { body, status } = await submit(next, 0, 1);
      const stands = status === 409 ? Number(body) : 0;
      expect(stands).toBeGreaterThanOrEqual(last?.size ?? 0);
      next.child.kill('SIGKILL');
      await next.ended;
    }
    expect(cosigned.length).toBeGreaterThanOrEqual(6);
    const sizes = cosigned.map(({ size }) => size);
    expect(sizes).toStrictEqual([...new Set(sizes)].sort((a, b) => a - b));
    const beyond = cosigned.filter(({ size }) => size > 5);
    expect(new Set(beyond.map(({ branch }) => branch)).size).toBe(1);
  });

  /** Both branches ask for the next size at once; at most one of them gets it. */
  async function race(witness: WitnessProcess) {
    const { body, status } = await submit(witness, 0, 1);
    const from = status === 409 ? Number(body) : 1;
    const to = from < 5 ? 5 : from + 1;
    const branches = [log, fork];
    const answers = await Promise.all(branches.map((branch) => submit(witness, from, to, branch)));
    return branches
      .filter((_, index) => answers[index]?.cosigned)
      .map((branch) => ({ size: to, branch }))
      .slice(0, to > 5 ? 2 : 1);
  }
});
