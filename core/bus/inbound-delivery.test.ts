import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fromService } from '../../wire/subjects.ts';
import type { InboundMessage } from '../manager/ports.ts';
import { natsVaultBus } from './vault-bus.ts';
import { ensureInboundStream, inboundConsumer, restartInbound } from './vine/inbound-stream.ts';
import { eventually, type TestConnection, TestVine } from './vine/test-vine.ts';

let vine: TestVine;
let owner: TestConnection;
let sender: TestConnection;
let party: string;

beforeAll(async () => {
  vine = await TestVine.start();
  owner = await vine.vaultOwnerSide();
});
afterAll(() => vine.stop());
beforeEach(async () => {
  party = await vine.newParty();
  sender = await vine.party(party);
  const { nc, jsm } = await vine.vaultMessageSide();
  await ensureInboundStream(jsm, vine.vault, vine.subjects(['data.request']));
  await restartInbound(jsm, vine.vault);
  const consumer = await inboundConsumer(nc, vine.vault);
  for (let at = (await consumer.info()).num_pending; at > 0; at--)
    await (await consumer.next({ expires: 1_000 }))?.ackAck();
  await nc.close();
});

async function send(...bodies: string[]): Promise<void> {
  for (const body of bodies)
    expect(await sender.ask(fromService(vine.vault, party, 'data.request'), body, 1_000)).toContain(
      'seq',
    );
}

type Given = { readonly body: string; readonly suspect: boolean };

/**
 * One life of a vault: it acknowledges what it is given, until it is given something on which it dies, or has nothing
 * more for a while. What it was given.
 */
async function life(
  dies: (given: Given) => boolean,
  count: number,
  blameless = false,
): Promise<Given[]> {
  const { nc } = await vine.vaultMessageSide();
  const given: Given[] = [];
  const logged: string[] = [];
  let dead = false;
  const parts = { vault: vine.vault, owner: owner.nc, messages: nc, critical: ['data.request'] };
  const bus = natsVaultBus({ ...parts, log: (line) => void logged.push(line) });
  await bus.admit(party, 'connected');
  await bus.listen((message: InboundMessage) => {
    if (dead) return;
    const one = { body: new TextDecoder().decode(message.data), suspect: message.suspect === true };
    given.push(one);
    dead = dies(one);
    if (!dead) message.acknowledge?.();
  });
  await eventually(() => dead || given.length >= count);
  if (!dead) await nc.flush();
  await bus.stop(blameless && dead);
  await nc.close();
  return given;
}

const bodies = (given: readonly Given[]): string[] => given.map(({ body }) => body);
const poisoned = ({ body }: Given): boolean => body === 'poison';

test('an event that stops the vault is set aside after a few times, and blocks nobody', async () => {
  await send('a', 'poison', 'b');
  expect(bodies(await life(poisoned, 3))).toEqual(['a', 'poison']);
  for (let tries = 1; tries <= 3; tries++)
    expect(await life(poisoned, 1)).toEqual([{ body: 'poison', suspect: false }]);
  const last = await life(({ body, suspect }) => body === 'poison' && !suspect, 2);
  expect(last).toEqual([
    { body: 'poison', suspect: true },
    { body: 'b', suspect: false },
  ]);
});

test('one that stops the vault even while it is set aside is dropped in the end', async () => {
  await send('poison', 'b');
  const lives = [];
  for (let opening = 0; opening < 7; opening++) lives.push(...(await life(poisoned, 1)));
  expect(bodies(lives)).toEqual(Array.from({ length: 7 }, () => 'poison'));
  expect(lives.map(({ suspect }) => suspect)).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(await life(poisoned, 1)).toEqual([{ body: 'b', suspect: false }]);
});

test('events beside it that the vault had in its hands come in order, and none is suspected for it', async () => {
  const around = ['1', '2', '3', 'poison', '4', '5'];
  await send(...around);
  // Dies at the fourth, and has acknowledged none of them.
  const { nc } = await vine.vaultMessageSide();
  const consumer = await inboundConsumer(nc, vine.vault);
  for await (const message of await consumer.fetch({ max_messages: 6, expires: 1_000 }))
    if (message.string() === '5') break;
  await nc.close();
  expect(bodies(await life(poisoned, 6))).toEqual(['1', '2', '3', 'poison']);
  for (let tries = 2; tries <= 3; tries++)
    expect(bodies(await life(poisoned, 1))).toEqual(['poison']);
  expect(await life(() => false, 3)).toEqual([
    { body: 'poison', suspect: true },
    { body: '4', suspect: false },
    { body: '5', suspect: false },
  ]);
});

test('one that the vault had in its hands when it stopped for other reasons is not suspected', async () => {
  await send('slow', 'b');
  for (let opening = 0; opening < 6; opening++)
    expect(await life(() => true, 1, true)).toEqual([{ body: 'slow', suspect: false }]);
  expect(await life(() => false, 2)).toEqual([
    { body: 'slow', suspect: false },
    { body: 'b', suspect: false },
  ]);
});
