/* Keys of before: honoured for 30 days, then destroyed. */
import { beforeEach, expect, it } from 'vitest';
import { day, LossyWorld, minute } from './lossy-world.ts';

let world: LossyWorld;
beforeEach(async () => {
  world = await LossyWorld.create();
});

const reasonOf = ({ records }: { records: readonly { kind: string; body: unknown }[] }): unknown =>
  (records.find(({ kind }) => kind === 'decided')?.body as { reason?: string } | undefined)?.reason;

it('what is sealed to the encapsulation key of before is opened for 30 days, and then no more', async () => {
  await world.rotate('encapsulation');
  world.now += 30 * day - minute;
  const { records } = await world.retire();
  expect(records).toEqual([]);
  expect(reasonOf(await world.take(await world.seal()))).toBe('event_unsupported');
  world.now += minute;
  const kinds = (await world.retire()).records.map(({ kind }) => kind);
  expect(kinds).toEqual(['retired', 'rotated']);
  world.session = world.newSession();
  world.now += 100;
  expect(reasonOf(await world.take(await world.seal()))).toBe('key_unknown');
  expect((await world.retire()).records).toEqual([]);
});

it('whoever has not learned the signing key in that time reads nothing of the vault any more', async () => {
  await world.rotate('signing');
  world.now += 29 * day;
  const [before] = (await world.take(await world.seal())).said;
  expect(
    await world.session.open(before?.subject ?? '', before?.bytes ?? new Uint8Array()),
  ).toBeDefined();
  world.now += 2 * day;
  await world.retire();
  const [after] = (await world.take(await world.seal())).said;
  const bytes = after?.bytes ?? new Uint8Array();
  expect(await world.session.open(after?.subject ?? '', bytes)).toBeUndefined();
});

it('a party that comes with a new epoch is told once more, until it has said that it knows', async () => {
  expect((await world.rotate('signing')).said).toHaveLength(1);
  const told = async (): Promise<number> => (await world.take(await world.seal())).said.length;
  // The notice, and the answer.
  expect(await told()).toBe(2);
  expect(await told()).toBe(1);
  world.now += day;
  expect(await told()).toBe(2);
});
