import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fromService } from '../../../wire/subjects.ts';
import {
  ensureInboundStream,
  inboundConsumer,
  inboundSubjects,
  restartInbound,
  setInboundSubjects,
  waitingPerPartyAndType,
} from './inbound-stream.ts';
import { type TestConnection, TestVine } from './test-vine.ts';
import { createPartyAccount } from './vine-keys.ts';

let vine: TestVine;
let vault: Awaited<ReturnType<TestVine['vaultMessageSide']>>;
let party: string;
let sender: TestConnection;

beforeAll(async () => {
  vine = await TestVine.start();
});
afterAll(() => vine.stop());
beforeEach(async () => {
  vault = await vine.vaultMessageSide();
  party = await vine.newParty();
  sender = await vine.party(party);
  await ensureInboundStream(vault.jsm, vine.vault, vine.subjects(['data.request']));
  await drain();
});

function send(type: string, body: string): Promise<string> {
  return sender.ask(fromService(vine.vault, party, type), body, 1_000);
}

/** Takes up to `count` waiting events; acknowledges them if asked. */
async function take(count: number, acknowledge: boolean): Promise<string[]> {
  const consumer = await inboundConsumer(vault.nc, vine.vault);
  const { num_pending: pending } = await consumer.info();
  const bodies: string[] = [];
  const batch = { max_messages: Math.min(count, pending), expires: 1_000 };
  if (batch.max_messages === 0) return bodies;
  for await (const message of await consumer.fetch(batch)) {
    bodies.push(message.string());
    if (acknowledge) await message.ackAck();
  }
  return bodies;
}

async function drain(): Promise<void> {
  await restartInbound(vault.jsm, vine.vault);
  await take(1_000, true);
}

test('ensuring twice, or with other types, keeps what waits', async () => {
  await send('data.request', 'first');
  await ensureInboundStream(vault.jsm, vine.vault, vine.subjects(['data.request']));
  await ensureInboundStream(
    vault.jsm,
    vine.vault,
    vine.subjects(['payment.request', 'data.request']),
  );
  await send('payment.request', 'second');
  await ensureInboundStream(vault.jsm, vine.vault, vine.subjects(['message.deliver']));
  expect(await take(10, true)).toEqual(['first', 'second']);
  await expect(send('data.request', 'no longer critical')).resolves.toMatch(/timeout|responders/i);
});

test('events wait while the vault is away, and while the whole vine is', async () => {
  await vault.nc.close();
  await send('data.request', 'while you were away');
  await vine.server?.stop();
  await vine.startServer();
  vault = await vine.vaultMessageSide();
  await ensureInboundStream(vault.jsm, vine.vault, vine.subjects(['data.request']));
  expect(await take(10, true)).toEqual(['while you were away']);
});

test('a vault that crashed with events in hand gets them first and in order', async () => {
  for (const body of ['a', 'b', 'c']) await send('data.request', body);
  expect(await take(2, false)).toEqual(['a', 'b']);
  await send('data.request', 'd');
  await restartInbound(vault.jsm, vine.vault);
  expect(await take(10, true)).toEqual(['a', 'b', 'c', 'd']);
});

test('one party may have only so many events waiting, and is told; another is served', async () => {
  for (let count = 0; count < waitingPerPartyAndType; count++) {
    expect(JSON.parse(await send('data.request', 'x'))).not.toHaveProperty('error');
  }
  expect(JSON.parse(await send('data.request', 'one more'))).toMatchObject({
    error: { err_code: 10_077 },
  });
  const other = await vine.newParty();
  const subject = fromService(vine.vault, other, 'data.request');
  const ack = await (await vine.party(other)).ask(subject, 'y');
  expect(JSON.parse(ack)).not.toHaveProperty('error');
  await take(1, true);
  expect(JSON.parse(await send('data.request', 'again'))).not.toHaveProperty('error');
});

test('a stream keeps the critical types of those who are admitted, and of nobody else', async () => {
  const other = createPartyAccount().party;
  const parties = new Map([
    [party, 'connected'],
    [other, 'handshake'],
  ] as const);
  const subjects = inboundSubjects(vine.vault, ['payment.request'], parties);
  expect(subjects).toEqual([
    fromService(vine.vault, party, 'connection.request'),
    fromService(vine.vault, party, 'payment.request'),
    fromService(vine.vault, other, 'connection.request'),
  ]);
  await setInboundSubjects(vault.jsm, vine.vault, subjects);
  expect(JSON.parse(await send('payment.request', 'taken'))).toHaveProperty('seq');
  const none = inboundSubjects(vine.vault, ['payment.request'], new Map());
  await setInboundSubjects(vault.jsm, vine.vault, none);
  await expect(send('payment.request', 'too late')).resolves.toMatch(/timeout|responders/i);
  expect(await take(10, true)).toEqual(['taken']);
});

test('a stream without a subject, or with one that would widen it, is not made', async () => {
  await expect(ensureInboundStream(vault.jsm, vine.vault, [])).rejects.toThrow(RangeError);
  const admitted = new Map([[party, 'connected']] as const);
  for (const type of ['>', '*', 'Data.Request', 'data.', ''])
    expect(() => inboundSubjects(vine.vault, [type], admitted)).toThrow(
      expect.objectContaining({ code: 'BAD_IDENTIFIER' }),
    );
  for (const wide of ['*', '>', 'nobody', `${party}.x`])
    expect(() => inboundSubjects(vine.vault, [], new Map([[wide, 'connected']]))).toThrow(
      expect.objectContaining({ code: 'BAD_IDENTIFIER' }),
    );
});
