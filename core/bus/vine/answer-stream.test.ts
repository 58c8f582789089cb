import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keptAnswerAcks, nextKeptAnswer } from '../../../wire/kept-answers.ts';
import { keptAnswerType } from '../../../wire/messages.ts';
import { forVault, fromVault } from '../../../wire/subjects.ts';
import {
  answersWaitingMax,
  dropAnswers,
  ensureAnswerConsumer,
  ensureAnswerStream,
} from './answer-stream.ts';
import { keepAnswer } from './kept-publish.ts';
import { eventually, newVault, quiet, type TestConnection, TestVine } from './test-vine.ts';

let vine: TestVine;
let vault: Awaited<ReturnType<TestVine['vaultMessageSide']>>;
let keeper: Awaited<ReturnType<TestVine['answerKeeper']>>;
let alice: string;
let mallory: string;

const violation = /Permissions Violation/;

beforeAll(async () => {
  vine = await TestVine.start();
  vault = await vine.vaultMessageSide();
  keeper = await vine.answerKeeper();
  await ensureAnswerStream(keeper.jsm);
});
afterAll(() => vine.stop());
beforeEach(async () => {
  [alice, mallory] = [await vine.newParty(), await vine.newParty()];
  await ensureAnswerConsumer(keeper.jsm, alice);
  await ensureAnswerConsumer(keeper.jsm, mallory);
});

const answerTo = (party: string): string => fromVault(vine.vault, party, keptAnswerType);
const keep = (party: string, text: string): Promise<string> =>
  keepAnswer(vault.nc, answerTo(party), new TextEncoder().encode(text));

/** Bodies that a party finds at this moment; acknowledged if asked, by a reply that the server confirms. */
async function read(of: TestConnection, party: string, acknowledge = true): Promise<string[]> {
  const inbox = `_INBOX.${party}.pull`;
  const bodies: string[] = [];
  const acks: Promise<string>[] = [];
  let over = false;
  const pull = of.nc.subscribe(inbox, {
    callback: (_error, message) => {
      if (message.headers !== undefined && message.headers.code !== 0) over = true;
      else bodies.push(message.string());
      if (!over && acknowledge) acks.push(of.ask(message.reply ?? '', '+ACK', 1_000));
    },
  });
  const request = JSON.stringify({ batch: 100, no_wait: true });
  of.nc.publish(nextKeptAnswer(party), request, { reply: inbox });
  await eventually(() => over);
  expect(await Promise.all(acks)).toEqual(acks.map(() => ''));
  pull.unsubscribe();
  return bodies;
}

test('answers wait for a party that is away, over a restart of the vine, and are gone once it has them', async () => {
  expect([await keep(alice, 'one'), await keep(alice, 'two')]).toEqual(['kept', 'kept']);
  await vine.server?.stop();
  await vine.startServer();
  vault = await vine.vaultMessageSide();
  keeper = await vine.answerKeeper();
  const party = await vine.party(alice);
  expect(await read(party, alice)).toEqual(['one', 'two']);
  expect(await read(party, alice)).toEqual([]);
  expect(party.errors).toEqual([]);
  expect((await keeper.jsm.streams.info('OUT')).state.messages).toBe(0);
});

test('an answer that is not acknowledged is still there for a consumer that is made again', async () => {
  await keep(alice, 'one');
  const party = await vine.party(alice);
  expect(await read(party, alice, false)).toEqual(['one']);
  const insider = await vine.insider({ publish: ['$JS.API.>'], subscribe: ['_INBOX.insider.>'] });
  expect(await insider.ask(`$JS.API.CONSUMER.DELETE.OUT.${alice}`)).toContain('"success":true');
  await ensureAnswerConsumer(keeper.jsm, alice);
  expect(await read(party, alice)).toEqual(['one']);
});

test('so many answers wait for one party, and no more; others are not held up', async () => {
  for (let count = 0; count < answersWaitingMax; count++)
    expect(await keep(alice, `${count}`)).toBe('kept');
  expect(await keep(alice, 'one more')).toBe('full');
  expect(await keep(mallory, 'another')).toBe('kept');
  await read(await vine.party(alice), alice);
  expect(await keep(alice, 'again')).toBe('kept');
});

test('what waits from one vault is dropped, and nothing else', async () => {
  await keep(alice, 'of this vault');
  await keep(mallory, 'for another');
  await dropAnswers(keeper.jsm, { vault: newVault(), party: alice });
  expect(await read(await vine.party(alice), alice, false)).toEqual(['of this vault']);
  await dropAnswers(keeper.jsm, { vault: vine.vault, party: alice });
  await ensureAnswerConsumer(keeper.jsm, alice);
  expect(await read(await vine.party(alice), alice)).toEqual([]);
  expect(await read(await vine.party(mallory), mallory)).toEqual(['for another']);
});

test('an invitee reads its own answers as well', async () => {
  await keep(alice, 'accepted');
  expect(await read(await vine.party(alice, 'handshake'), alice)).toEqual(['accepted']);
});

test.each([
  ['read', () => nextKeptAnswer(alice)],
  ['acknowledge', () => `$JS.ACK.OUT.${alice}.1.1.1.1700000000000000000.0`],
  ['count', () => `$JS.API.CONSUMER.INFO.OUT.${alice}`],
  ['make a consumer for', () => `$JS.API.CONSUMER.CREATE.OUT.${mallory}`],
  ['make a nameless consumer for', () => '$JS.API.CONSUMER.CREATE.OUT'],
  ['delete', () => `$JS.API.CONSUMER.DELETE.OUT.${alice}`],
  ['purge', () => '$JS.API.STREAM.PURGE.OUT'],
  ['fetch one by its number of', () => '$JS.API.STREAM.MSG.GET.OUT'],
  ['fetch directly of', () => '$JS.API.DIRECT.GET.OUT'],
])('a party cannot %s the answers of another', async (_what, subject) => {
  await keep(alice, 'for alice');
  const attacker = await vine.party(mallory);
  expect(await attacker.ask(subject(), '{"batch":1,"seq":1}')).toMatch(violation);
  expect(await read(await vine.party(alice), alice)).toEqual(['for alice']);
});

test('with a credential that was issued with too much, it still ends at the border of its account', async () => {
  await keep(alice, 'for alice');
  const rogue = await vine.rogue(mallory, { publish: ['>'], subscribe: ['>'] });
  const heard = await rogue.listen('stolen.>');
  const foreign = { stream_name: 'OUT', config: { name: 'spy', deliver_subject: 'stolen.all' } };
  for (const subject of ['$JS.API.CONSUMER.CREATE.OUT.spy', '$JS.API.CONSUMER.CREATE.OUT'])
    expect(await rogue.ask(subject, JSON.stringify(foreign))).toMatch(/JetStream not enabled/);
  const next = nextKeptAnswer(alice);
  expect(await rogue.ask(next, '{"batch":1,"no_wait":true}')).toMatch(/no responders/);
  const insider = await vine.insider({ publish: ['x'], subscribe: ['$JS.ACK.>'] });
  const acks = await insider.listen('$JS.ACK.>');
  rogue.nc.publish(`$JS.ACK.OUT.${alice}.1.1.1.1700000000000000000.0`, '+ACK');
  await quiet();
  expect([heard, acks]).toEqual([[], []]);
  expect(await read(await vine.party(alice), alice)).toEqual(['for alice']);
});

test.each([
  ['to the owner', () => forVault(vine.vault, 'injected.reply')],
  ['to another party', () => fromVault(vine.vault, alice, 'injected.reply')],
])(
  'a party cannot have its answers, nor the word on an acknowledgement, delivered %s',
  async (_whom, reply) => {
    const heard = [
      await (await vine.vaultOwnerSide()).listen(forVault(vine.vault, '>')),
      await (await vine.party(alice)).listen(fromVault(vine.vault, alice, '>')),
      await vault.listen(`_INBOX.vault_${vine.vault}.>`),
    ];
    await keep(mallory, 'a lie');
    heard[2]?.splice(0);
    const attacker = await vine.party(mallory);
    const pull = JSON.stringify({ batch: 1, no_wait: true });
    attacker.nc.publish(nextKeptAnswer(mallory), pull, { reply: reply() });
    const ack = keptAnswerAcks(mallory).replace('>', '1.1.1.1700000000000000000.0');
    attacker.nc.publish(ack, '+NXT', { reply: reply() });
    await attacker.nc.flush();
    await quiet();
    expect(heard).toEqual([[], [], []]);
  },
);

test('a vault makes no consumer on the kept answers and reads none, and their keeper reads none either', async () => {
  await keep(alice, 'sealed');
  const create = { stream_name: 'OUT', config: { name: 'spy', ack_policy: 'none' } };
  for (const side of [vault, keeper]) {
    const others = [
      nextKeptAnswer(alice),
      '$JS.API.STREAM.MSG.GET.OUT',
      '$JS.API.STREAM.DELETE.OUT',
    ];
    for (const subject of others) expect(await side.ask(subject, '{}')).toMatch(violation);
  }
  const made = vault.ask('$JS.API.CONSUMER.CREATE.OUT.spy', JSON.stringify(create));
  expect(await made).toMatch(violation);
});
