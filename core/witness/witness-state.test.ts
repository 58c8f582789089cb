import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointText } from '../../ledger/checkpoint.ts';
import { cosignatureBy } from '../../ledger/cosignature.ts';
import { formatNote, type Note, parseNote } from '../../ledger/signed-note.ts';
import { fixedBytes } from '../../ledger/testing/fixtures.ts';
import { childProcesses } from './testing/child-processes.ts';
import { SampleLog } from './testing/sample-log.ts';
import { WitnessWorld } from './testing/witness-world.ts';
import { serveWitness } from './witness-server.ts';

let world: WitnessWorld;
beforeEach(async () => {
  world = await WitnessWorld.create();
});
afterEach(() => world.destroy());
const log = new SampleLog();
const fork = new SampleLog(log.origin, 1);

describe('what a witness has cosigned', () => {
  it('is kept as the cosigned note, in a file that only its user can read', async () => {
    await world.submit(0, 7);
    const [file = ''] = await world.stateFiles();
    const note = parseNote(await readFile(file, 'utf8')) as Note;
    expect(note.text).toBe(parseNote(log.note(7))?.text);
    expect(cosignatureBy(world.witness.key, note)).toBeDefined();
    for (const path of [file, join(world.folder, 'witness-key.json')])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('holds after a restart, under the same key', async () => {
    const { key } = world.witness;
    await world.submit(0, 7);
    await world.stop();
    await world.start();
    expect(world.witness.key).toStrictEqual(key);
    expect((await world.submit(0, 9)).body).toBe('7\n');
    expect((await world.submit(7, 9, fork)).status).toBe(422);
    expect((await world.submit(7, 9)).status).toBe(200);
  });

  it('goes one way when many ask at once, and has one root for each size', async () => {
    await world.submit(0, 7);
    const sizes = Array.from({ length: 20 }, (_, index) => 8 + (index % 10));
    const asked = sizes.flatMap((size) => [world.submit(7, size), world.submit(7, size, fork)]);
    const answers = await Promise.all(asked);
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 200);
    expect(others.every(({ status }) => status === 409 || status === 422)).toBe(true);
  });

  it('is asked for by so many at once, and no more', async () => {
    const request = await log.request(0, 7);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => world.witness.addCheckpoint(request)),
    );
    const count = (status: number) => answers.filter((one) => one.status === status).length;
    expect([count(200), count(409), count(503)]).toStrictEqual([1, 63, 36]);
    expect((await world.submit(7, 9)).status).toBe(200);
  });

  it('is not taken on trust: a damaged file, or one of another witness, stops it', async () => {
    await world.submit(0, 7);
    const [file = ''] = await world.stateFiles();
    const good = await readFile(file, 'utf8');
    const { text, signatures } = parseNote(good) as Note;
    const smaller = checkpointText({ origin: log.origin, size: 3, root: fixedBytes('root') });
    await world.stop();
    for (const wrong of [
      '',
      'damaged',
      good.replace('\n7\n', '\n5\n'),
      log.note(7),
      formatNote({ text: smaller, signatures }),
      text,
    ]) {
      await writeFile(file, wrong);
      await expect(world.start()).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
    }
    await writeFile(file, good);
    await world.start();
    expect((await world.submit(7, 9)).status).toBe(200);
  });

  it('is not lost by a write that fails: nothing is cosigned, and nothing moves', async () => {
    await world.submit(0, 7);
    const [file = ''] = await world.stateFiles();
    await mkdir(`${file}.partial`);
    expect((await world.submit(7, 9)).status).toBe(500);
    await rm(`${file}.partial`, { recursive: true });
    expect((await world.submit(9, 11)).body).toBe('7\n');
    expect((await world.submit(7, 9)).status).toBe(200);
  });

  it('outlives what a killed writer left behind', async () => {
    await world.submit(0, 7);
    const [file = ''] = await world.stateFiles();
    await world.stop();
    await writeFile(`${file}.partial`, 'half of a no');
    await world.start();
    expect(await world.stateFiles()).toStrictEqual([file]);
    expect((await world.submit(7, 9)).status).toBe(200);
  });
});

describe('a witness does not serve', () => {
  it('from a folder that another one serves from', async () => {
    await expect(world.start()).rejects.toMatchObject({ code: 'LOCKED' });
  });

  it('after the lock on its folder was lost', async () => {
    await world.stop();
    const before = new Set(await childProcesses());
    await world.start();
    const [holder = 0] = (await childProcesses()).filter((pid) => !before.has(pid));
    process.kill(holder, 'SIGKILL');
    await world.witness.ended;
    expect((await world.submit(0, 7)).status).toBe(500);
    expect(await world.stateFiles()).toStrictEqual([]);
  });

  it('with a key that others can read, or that is none', async () => {
    const file = join(world.folder, 'witness-key.json');
    const good = await readFile(file, 'utf8');
    await world.stop();
    await chmod(file, 0o640);
    await expect(world.start()).rejects.toMatchObject({ code: 'KEY_EXPOSED' });
    await chmod(file, 0o600);
    for (const wrong of [
      '',
      '{}',
      good.replace('"v": 1', '"v": 2'),
      good.replace('"seed": "', '"seed": "A'),
    ]) {
      await writeFile(file, wrong);
      await expect(world.start()).rejects.toMatchObject({ code: 'KEY_MALFORMED' });
    }
    await writeFile(file, good);
    await expect(world.start({ name: 'another.example' })).rejects.toMatchObject({
      code: 'KEY_MALFORMED',
    });
    await world.start();
  });

  it('on an address that is taken', async () => {
    const port = Number(new URL(world.url).port);
    await expect(serveWitness(world.witness, { port })).rejects.toMatchObject({ code: 'ADDRESS' });
  });
});
