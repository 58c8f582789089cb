import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { headers, jwtAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { utf8 } from '../../../wire/bytes.ts';
import { forVault, fromService, fromVault } from '../../../wire/subjects.ts';
import { maxPayloadBytes } from './account-layout.ts';
import type { VineCredential } from './claims.ts';
import { ensureInboundStream } from './inbound-stream.ts';
import { eventually, quiet, type TestConnection, TestVine } from './test-vine.ts';
import { inboundStream, partyInbox } from './vine-names.ts';

/* What a hostile holder of a good credential tries with what it may do. permission-matrix.test.ts has what it may not. */

let vine: TestVine;
let message: Awaited<ReturnType<TestVine['vaultMessageSide']>>;
let owner: TestConnection;
let alice: string;
let single: string;
let shared: string;

beforeAll(async () => {
  vine = await TestVine.start();
  message = await vine.vaultMessageSide();
  owner = await vine.vaultOwnerSide();
  const types = vine.subjects(['connection.request', 'data.request']);
  await ensureInboundStream(message.jsm, vine.vault, types);
  [single, alice] = [await vine.newParty(), await vine.newParty()];
  shared = await vine.newSharedParty();
});
afterAll(() => vine.stop());

async function waiting(): Promise<number> {
  return (await message.jsm.streams.info(inboundStream(vine.vault))).state.messages;
}

/** Everything that the owner, another party and the vault hear from now on. */
async function bystanders(): Promise<unknown[][]> {
  const other = await vine.party(alice);
  return [
    await owner.listen(forVault(vine.vault, '>')),
    await other.listen(fromVault(vine.vault, alice, '>')),
    await other.listen(`${partyInbox(alice)}.>`),
    await message.listen(fromService(vine.vault, '*', 'presence.ping')),
  ];
}

describe.each(['one vault', 'many vaults'])('a connected party with %s', (reach) => {
  const many = reach === 'many vaults';
  const self = (): string => (many ? shared : single);
  const connected = (): Promise<TestConnection> =>
    many ? vine.sharedParty(shared) : vine.party(single);

  test.each([
    ['the owner', () => forVault(vine.vault, 'injected.reply')],
    ['another party', () => fromVault(vine.vault, alice, 'injected.reply')],
    ["another party's inbox", () => `${partyInbox(alice)}.injected`],
    ['the vault, as another party', () => fromService(vine.vault, alice, 'presence.ping')],
    ['the vault, as itself', () => fromService(vine.vault, self(), 'presence.ping')],
  ])('cannot have JetStream answer to %s', async (_whom, reply) => {
    const heard = await bystanders();
    const attacker = await connected();
    const before = await waiting();
    attacker.nc.publish(fromService(vine.vault, self(), 'data.request'), 'x', { reply: reply() });
    await attacker.nc.flush();
    await quiet();
    expect(await waiting()).toBe(before + 1);
    expect(heard).toEqual([[], [], [], []]);
  });

  test.each([
    ['Nats-Rollup', 'all'],
    ['Nats-Rollup', 'sub'],
    ['Nats-TTL', '1s'],
    ['Nats-Schedule', '@at 2030-01-01T00:00:00Z'],
    ['Nats-Batch-Id', 'b'],
    ['Nats-Incr', '+1'],
    ['Nats-Expected-Last-Sequence', '4711'],
    ['Nats-Expected-Stream', 'OTHER'],
  ])('cannot steer the stream with the header %s: %s', async (name, value) => {
    const attacker = await connected();
    const steering = headers();
    steering.set(name, value);
    const subject = fromService(vine.vault, self(), 'data.request');
    const before = await waiting();
    const answer = await attacker.nc.request(subject, 'x', { timeout: 1000, headers: steering });
    expect(answer.json()).toMatchObject({ error: { code: expect.any(Number) } });
    expect(await waiting()).toBe(before);
  });

  test('is cut off when it sends more than the vine takes', async () => {
    const credential = many
      ? await vine.sharedCredential(shared, 'connected')
      : await vine.credentialOf(single, 'connected');
    const subject = fromService(vine.vault, self(), 'presence.ping');
    const heard = await rawPublish(credential, subject, maxPayloadBytes + 1);
    expect(heard).toContain("-ERR 'Maximum Payload Violation'");
  });

  test('is held by the border of its account where it was issued too much', async () => {
    const heard = await bystanders();
    const rogue = await vine.rogue(self(), { publish: ['>'], subscribe: ['>'] });
    const answers = await rogue.listen('MessageSpace.*.fromVault.>');
    message.nc.publish(fromVault(vine.vault, alice, 'data.response'), 'for alice');
    rogue.nc.publish(forVault(vine.vault, 'vault.open'));
    rogue.nc.publish(fromVault(vine.vault, alice, 'event.answer'), 'its own echo');
    rogue.nc.publish(fromService(vine.vault, alice, 'presence.ping'));
    const stream = inboundStream(vine.vault);
    const config = {
      name: 'spy',
      deliver_subject: `${partyInbox(self())}.spy`,
      ack_policy: 'none',
    };
    const spying = JSON.stringify({ stream_name: stream, config });
    for (const [api, body] of [
      ['STREAM.NAMES', ''],
      [`CONSUMER.CREATE.${stream}.spy`, spying],
    ])
      expect(await rogue.ask(`$JS.API.${api}`, body)).toMatch(/JetStream not enabled for account/);
    await quiet();
    const [fromOwner, answersOfAlice, inboxOfAlice, fromAlice] = heard;
    expect([fromOwner, inboxOfAlice, fromAlice]).toEqual([[], [], []]);
    expect(answers.map((answer) => answer.string())).toEqual(['its own echo']);
    expect(answersOfAlice).toHaveLength(1);
  });
});

test('an invitee knocks, and its knock is kept', async () => {
  const invitee = await vine.party(alice, 'handshake');
  const knock = await invitee.ask(fromService(vine.vault, alice, 'connection.request'), 'knock');
  expect(JSON.parse(knock)).toMatchObject({ stream: inboundStream(vine.vault) });
});

describe('what accounts and allow-lists are there to stop does work without them', () => {
  test('an answer of JetStream goes where its sender says, inside one account', async () => {
    const insider = await vine.insider({
      publish: [fromService(vine.vault, single, '>')],
      subscribe: [`${partyInbox(single)}.>`],
    });
    const heard = await (await vine.party(alice)).listen(fromVault(vine.vault, alice, '>'));
    const reply = fromVault(vine.vault, alice, 'injected.reply');
    insider.nc.publish(fromService(vine.vault, single, 'data.request'), 'x', { reply });
    await eventually(() => heard.length > 0);
    expect(heard.map((m) => m.subject)).toEqual([reply]);
  });

  test('a consumer of its own reads everybody’s messages to a subject of its own', async () => {
    const stream = 'EVERYTHING';
    const admin = await vine.insider({ publish: ['$JS.API.>'], subscribe: ['_INBOX.insider.>'] });
    const created = await admin.ask(
      `$JS.API.STREAM.CREATE.${stream}`,
      JSON.stringify({ name: stream, subjects: [fromVault(vine.vault, '*', '>')] }),
      2_000,
    );
    expect(JSON.parse(created)).not.toHaveProperty('error');
    const spy = await vine.insider({
      publish: [`$JS.API.CONSUMER.CREATE.${stream}.spy`],
      subscribe: ['_INBOX.insider.>'],
    });
    const read = await spy.listen('_INBOX.insider.spy');
    const config = { name: 'spy', deliver_subject: '_INBOX.insider.spy', ack_policy: 'none' };
    const request = JSON.stringify({ stream_name: stream, config });
    await spy.ask(`$JS.API.CONSUMER.CREATE.${stream}.spy`, request, 2_000);
    message.nc.publish(fromVault(vine.vault, alice, 'event.answer'), 'for alice only');
    await eventually(() => read.length > 0);
    expect(read.map((m) => m.string())).toEqual(['for alice only']);
    await admin.ask(`$JS.API.STREAM.DELETE.${stream}`, '', 2_000);
  });
});

/** Announces a message of so many bytes, as no client library would, and gives what the server says. */
async function rawPublish(
  { jwt, seed }: VineCredential,
  subject: string,
  length: number,
): Promise<string> {
  const { hostname, port } = new URL(vine.server?.url ?? '');
  const socket = connectSocket(Number(port), hostname);
  let heard = '';
  socket.on('data', (data) => {
    heard += data.toString();
  });
  await eventually(() => heard.includes('\r\n'));
  const { nonce } = JSON.parse(heard.slice('INFO '.length)) as { nonce: string };
  const proof = jwtAuthenticator(jwt, utf8(seed))(nonce);
  socket.write(
    `CONNECT ${JSON.stringify({ ...proof, verbose: false, pedantic: false })}\r\nPING\r\n`,
  );
  await eventually(() => heard.includes('PONG'));
  socket.write(`PUB ${subject} ${length}\r\n`);
  await once(socket, 'close');
  return heard;
}
