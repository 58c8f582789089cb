import { expect, test, vi } from 'vitest';
import {
  AnswerKeeper,
  heldPerConnection,
  type KeepableAnswer,
  type Kept,
} from './answer-keeper.ts';

const answer = (id: string, connection = 'a'): KeepableAnswer => ({
  id,
  connection,
  subject: `to.${connection}`,
  bytes: new TextEncoder().encode(id),
});

/** A messaging layer that says of each answer what it is told to say, once it is told. */
function layer(readable: (connection: string) => boolean = () => true) {
  const asked: { id: string; say: (kept: Kept) => void }[] = [];
  const published: string[] = [];
  const reported: string[] = [];
  const keeper = new AnswerKeeper({
    keep: (_subject, bytes) =>
      new Promise((say) => asked.push({ id: new TextDecoder().decode(bytes), say })),
    publish: ({ id }) => void published.push(id),
    report: (id) => void reported.push(id),
    readable,
  });
  const say = async (at: number, kept: Kept): Promise<void> => {
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(at));
    asked[at]?.say(kept);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { keeper, asked, published, reported, say };
}

const ids = (asked: readonly { id: string }[]): string[] => asked.map(({ id }) => id);

test('answers of one connection go out in order, the next when the one before is on the disk', async () => {
  const { keeper, asked, reported, say } = layer();
  keeper.send(answer('1'));
  keeper.send(answer('2'));
  expect(ids(asked)).toEqual(['1']);
  await say(0, 'kept');
  await say(1, 'kept');
  await keeper.idle();
  expect([ids(asked), reported]).toEqual([
    ['1', '2'],
    ['1', '2'],
  ]);
});

test('what was not taken is handed over again, and reported only when it was', async () => {
  const { keeper, asked, reported, say } = layer();
  keeper.send(answer('1'));
  await say(0, 'away');
  expect(reported).toEqual([]);
  await say(1, 'full');
  expect(reported).toEqual([]);
  await say(2, 'kept');
  await keeper.idle();
  expect([ids(asked), reported]).toEqual([['1', '1', '1'], ['1']]);
});

test('a connection whose room is full holds up no other', async () => {
  const { keeper, reported, say } = layer();
  keeper.send(answer('1', 'a'));
  keeper.send(answer('2', 'b'));
  await say(0, 'full');
  await say(1, 'kept');
  expect(reported).toEqual(['2']);
  keeper.stop();
  await keeper.idle();
  expect(reported).toEqual(['2']);
});

test('only so many wait for a connection: one beyond is for whoever listens', () => {
  const { keeper, published, reported } = layer();
  for (let count = 0; count < heldPerConnection; count++) keeper.send(answer(`${count}`));
  expect(published).toEqual([]);
  keeper.send(answer('beyond'));
  expect([published, reported]).toEqual([['beyond'], ['beyond']]);
  keeper.stop();
});

test('what nobody can come and read is published, and not kept', async () => {
  const { keeper, asked, published, reported } = layer((connection) => connection !== 'severed');
  keeper.send(answer('1', 'severed'));
  await keeper.idle();
  expect([asked, published, reported]).toEqual([[], ['1'], ['1']]);
});

test('one that is asked for again is reported to nobody', async () => {
  const { keeper, reported, say } = layer();
  keeper.send({ ...answer('1'), again: true });
  await say(0, 'kept');
  await keeper.idle();
  expect(reported).toEqual([]);
});
