import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cosign } from '../../ledger/cosignature.ts';
import { noteKey } from '../../ledger/note-key.ts';
import { formatSignatureLine, type Note, parseNote } from '../../ledger/signed-note.ts';
import { addCheckpointUrl, type HttpAnswer, type Posted, sizeType } from './add-checkpoint.ts';
import { createRelay, type Relay } from './relay-process.ts';
import { SampleLog, sampleSigner } from './testing/sample-log.ts';
import { WitnessWorld } from './testing/witness-world.ts';
import { type Asking, askWitness, judgeAnswer } from './witness-client.ts';

const program = fileURLToPath(new URL('../../dist/core/witness/witness-relay.js', import.meta.url));
const log = new SampleLog();
const fork = new SampleLog(log.origin, 1);

describe('asked over a real relay, a real witness', () => {
  let world: WitnessWorld;
  let relay: Relay;
  let bodies: string[];

  beforeEach(async () => {
    world = await WitnessWorld.create();
    relay = createRelay({ program });
    bodies = [];
  });
  afterEach(async () => {
    await relay.close();
    await world.destroy();
  });

  function asking(size: number, knownSize: number, of = log, own = world.witness.key): Asking {
    const text = of.note(size);
    return {
      key: own,
      text,
      note: parseNote(text) as Note,
      size,
      knownSize,
      prove: (from) => of.prove(from, size),
      post: (body) => {
        bodies.push(body);
        return relay.post(addCheckpointUrl(world.url), body);
      },
    };
  }
  const ask = (size: number, knownSize: number, of = log) =>
    askWitness(asking(size, knownSize, of));

  it('cosigns a ledger that grows', async () => {
    let known = 0;
    for (const size of [1, 7, 8, 300, 1000]) {
      const verdict = await ask(size, known);
      expect(verdict).toMatchObject({ outcome: 'cosigned', timeSeconds: expect.any(Number) });
      known = size;
    }
    expect(bodies).toHaveLength(5);
  });

  it('gets the right proof in the second try when it stands elsewhere than was thought', async () => {
    await ask(300, 0);
    for (const known of [0, 7, 350]) {
      bodies = [];
      expect(await ask(400, known)).toMatchObject({ outcome: 'cosigned' });
      expect(bodies.map((body) => body.split('\n')[0])).toStrictEqual([`old ${known}`, 'old 300']);
      await world.stop();
      await world.destroy();
      world = await WitnessWorld.create();
      await ask(300, 0);
    }
  });

  it('says that a ledger was rolled back', async () => {
    await ask(300, 0);
    expect(await ask(299, 299)).toStrictEqual({ outcome: 'ahead', size: 300 });
    expect(await ask(299, 300)).toStrictEqual({ outcome: 'ahead', size: 300 });
    expect(await ask(7, 0)).toStrictEqual({ outcome: 'ahead', size: 300 });
  });

  it('says that a ledger was forked, at the same size or a larger one', async () => {
    await ask(300, 0);
    expect(await ask(300, 300, fork)).toMatchObject({ outcome: 'forked' });
    expect(await ask(300, 0, fork)).toMatchObject({ outcome: 'forked' });
    expect(await ask(301, 300, fork)).toMatchObject({ outcome: 'forked' });
  });

  it('refuses who is not known', async () => {
    const stranger = new SampleLog('example.org/stranger');
    const thief = new SampleLog(log.origin, 0, sampleSigner(9));
    expect(await ask(7, 0, stranger)).toMatchObject({ outcome: 'refused' });
    expect(await ask(7, 0, thief)).toMatchObject({ outcome: 'refused' });
  });

  it('is missed when it is down, and found again when it is back', async () => {
    const { url } = world;
    const before = world.witness.key;
    await ask(7, 0);
    await world.stop();
    const verdict = await askWitness(asking(9, 7, log, before));
    expect(verdict).toMatchObject({ outcome: 'unavailable' });
    await world.start({ port: Number(new URL(url).port) });
    expect(await ask(9, 7)).toMatchObject({ outcome: 'cosigned' });
  });

  it('is heard again after its relay was lost', async () => {
    await ask(7, 0);
    await relay.close();
    expect(await ask(9, 7)).toMatchObject({ outcome: 'unavailable' });
    relay = createRelay({ program });
    expect(await ask(9, 7)).toMatchObject({ outcome: 'cosigned' });
  });
});

const witness = sampleSigner(4);
const key = noteKey('cosignature', 'witness.example', witness.publicKey);
const note = parseNote(log.note(9)) as Note;
const asked = { key, note, size: 9, oldSize: 7 };
const good = formatSignatureLine(cosign(witness, key.name, note.text, 1_800_000_000));
const foreign = formatSignatureLine(cosign(sampleSigner(5), 'other.example', note.text, 5));
const answer = (status: number, body: string, type = 'text/plain'): HttpAnswer => ({
  status,
  type,
  body,
});
const outcome = (said: HttpAnswer) => judgeAnswer(said, asked).outcome;

describe('an answer', () => {
  it('with a good cosignature is the only one that proves anything', () => {
    expect(judgeAnswer(answer(200, good), asked)).toMatchObject({
      outcome: 'cosigned',
      timeSeconds: 1_800_000_000,
    });
    expect(outcome(answer(200, `${foreign}${good}`))).toBe('cosigned');
    expect(outcome(answer(200, `what is this\n${good}`))).toBe('cosigned');
  });

  it.each([
    ['nothing', ''],
    ['somebody else’s cosignature', foreign],
    ['a line without its line feed', good.slice(0, -1)],
    [
      'the cosignature of another checkpoint',
      formatSignatureLine(cosign(witness, key.name, 'other\n', 5)),
    ],
    [
      'a cosignature of another key',
      formatSignatureLine(cosign(sampleSigner(5), key.name, note.text, 5)),
    ],
    ['too many lines', foreign.repeat(70) + good],
  ])('of 200 with %s proves nothing', (_, body) => {
    expect(outcome(answer(200, body))).toBe('unavailable');
  });

  it('of 409 says where the witness stands', () => {
    expect(judgeAnswer(answer(409, '5\n', sizeType), asked)).toStrictEqual({
      outcome: 'stale',
      size: 5,
    });
    expect(outcome(answer(409, '9\n', `${sizeType}; charset=utf-8`))).toBe('stale');
    expect(outcome(answer(409, '10\n', sizeType))).toBe('ahead');
    expect(outcome(answer(409, 'another root\n'))).toBe('forked');
  });

  it.each(['', '5', '05\n', '-5\n', '5\n\n', 'five\n', '9007199254740992\n', '7\n'])(
    'of 409 with %j means nothing',
    (body) => {
      expect(outcome(answer(409, body, sizeType))).toBe('unavailable');
    },
  );

  it.each([
    [400, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [422, 'forked'],
    [201, 'unavailable'],
    [307, 'unavailable'],
    [413, 'unavailable'],
    [500, 'unavailable'],
    [0, 'unavailable'],
  ])('of %d is taken as %s', (status, meaning) => {
    expect(outcome(answer(status, good))).toBe(meaning);
  });
});

describe('a witness that', () => {
  const ask = (post: (body: string) => Promise<Posted>) =>
    askWitness({
      key,
      note,
      text: log.note(9),
      size: 9,
      knownSize: 7,
      post,
      prove: (from) => log.prove(from, 9),
    });

  it('keeps changing its mind is given up', async () => {
    let asks = 0;
    const verdict = await ask(async () => {
      asks += 1;
      return { ok: true, answer: answer(409, `${asks}\n`, sizeType) };
    });
    expect(verdict).toMatchObject({ outcome: 'unavailable' });
    expect(asks).toBe(3);
  });

  it('cannot be reached is unavailable, with the reason', async () => {
    const verdict = await ask(async () => ({ ok: false, detail: 'no route' }));
    expect(verdict).toStrictEqual({ outcome: 'unavailable', detail: 'no route' });
  });
});
