import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forVault, fromService, fromVault } from '../../../wire/subjects.ts';
import { ensureInboundStream } from './inbound-stream.ts';
import { eventually, newVault, quiet, type TestConnection, TestVine } from './test-vine.ts';
import { inboundStream, partyInbox } from './vine-names.ts';

let vine: TestVine;
let message: Awaited<ReturnType<TestVine['vaultMessageSide']>>;
let owner: TestConnection;
let mallory: string;
let alice: string;

beforeAll(async () => {
  vine = await TestVine.start();
  message = await vine.vaultMessageSide();
  owner = await vine.vaultOwnerSide();
  await ensureInboundStream(
    message.jsm,
    vine.vault,
    vine.subjects(['connection.request', 'data.request']),
  );
  [mallory, alice] = [await vine.newParty(), await vine.newParty()];
});
afterAll(() => vine.stop());

const violation = /Permissions Violation/;

describe('a connected party', () => {
  test('cannot publish as another party', async () => {
    const heard = await message.listen(fromService(vine.vault, '*', 'presence.ping'));
    const attacker = await vine.party(mallory);
    attacker.nc.publish(fromService(vine.vault, alice, 'presence.ping'), 'as alice');
    expect(await attacker.ask(fromService(vine.vault, alice, 'data.request'))).toMatch(violation);
    await eventually(() => attacker.errors.length > 1);
    await quiet();
    expect(heard).toEqual([]);
    expect(attacker.errors).toEqual([
      expect.stringMatching(violation),
      expect.stringMatching(violation),
    ]);
  });

  test.each([
    ["another party's replies", () => fromVault(vine.vault, alice, '>')],
    ["all parties' replies", () => 'MessageSpace.*.fromVault.*.>'],
    ["another party's inbox", () => `${partyInbox(alice)}.>`],
    ['every inbox', () => '_INBOX.>'],
    ['what others send to the vault', () => fromService(vine.vault, '*', '>')],
    ['OwnerSpace', () => 'OwnerSpace.>'],
    ['the JetStream API', () => '$JS.API.>'],
    ['everything', () => '>'],
  ])('cannot subscribe to %s', async (_what, subject) => {
    const attacker = await vine.party(mallory);
    const subscription = attacker.nc.subscribe(subject());
    expect(await subscription.closed).toMatchObject({ message: expect.stringMatching(violation) });
    await eventually(() => attacker.errors.length > 0);
    expect(attacker.errors).toEqual([expect.stringMatching(violation)]);
  });

  test.each([
    ['OwnerSpace', () => forVault(vine.vault, 'vault.open')],
    ['what the vault sends', () => fromVault(vine.vault, mallory, 'data.response')],
    ['the stream list', () => '$JS.API.STREAM.NAMES'],
    ['consumers', () => `$JS.API.CONSUMER.CREATE.${inboundStream(vine.vault)}`],
    ['acknowledgements', () => `$JS.ACK.${inboundStream(vine.vault)}.vault.1.1.1.1.0`],
    ['account tokens', () => '$SYS.REQ.CLAIMS.UPDATE'],
    ['server status', () => '$SYS.REQ.USER.INFO'],
  ])('cannot publish to %s', async (_what, subject) => {
    const attacker = await vine.party(mallory);
    expect(await attacker.ask(subject())).toMatch(violation);
  });

  test.each([
    ['the owner', () => forVault(vine.vault, 'injected.reply')],
    ['another party', () => fromVault(vine.vault, alice, 'injected.reply')],
    ['the vault, as another party', () => fromService(vine.vault, alice, 'presence.ping')],
    ['the vault, as itself', () => fromService(vine.vault, mallory, 'presence.ping')],
  ])('cannot have JetStream answer to %s', async (_whom, reply) => {
    const heard = [
      await owner.listen(forVault(vine.vault, '>')),
      await (await vine.party(alice)).listen(fromVault(vine.vault, alice, '>')),
      await message.listen(fromService(vine.vault, '*', 'presence.ping')),
    ];
    const attacker = await vine.party(mallory);
    const before = await waiting();
    attacker.nc.publish(fromService(vine.vault, mallory, 'data.request'), 'x', { reply: reply() });
    await attacker.nc.flush();
    await quiet();
    expect(await waiting()).toBe(before + 1);
    expect(heard).toEqual([[], [], []]);
  });

  test.each([
    ['Nats-Rollup', 'all'],
    ['Nats-TTL', '1s'],
    ['Nats-Schedule', '@at 2030-01-01T00:00:00Z'],
    ['Nats-Batch-Id', 'b'],
    ['Nats-Incr', '+1'],
  ])('cannot steer the stream with the header %s', async (name, value) => {
    const attacker = await vine.party(mallory);
    const steering = headers();
    steering.set(name, value);
    const subject = fromService(vine.vault, mallory, 'data.request');
    const before = await waiting();
    const answer = await attacker.nc.request(subject, 'x', { timeout: 1000, headers: steering });
    expect(answer.json()).toMatchObject({ error: { code: expect.any(Number) } });
    expect(await waiting()).toBe(before);
  });
});

test('the attack that accounts are there to stop does work inside one account', async () => {
  const insider = await vine.insider({
    publish: [fromService(vine.vault, mallory, '>')],
    subscribe: [`${partyInbox(mallory)}.>`],
  });
  const heard = await (await vine.party(alice)).listen(fromVault(vine.vault, alice, '>'));
  const reply = fromVault(vine.vault, alice, 'injected.reply');
  insider.nc.publish(fromService(vine.vault, mallory, 'data.request'), 'x', { reply });
  await eventually(() => heard.length > 0);
  expect(heard.map((m) => m.subject)).toEqual([reply]);
});

test('a credential that is issued with too much still ends at the border of its account', async () => {
  const heardByOwner = await owner.listen(forVault(vine.vault, '>'));
  const heardByVault = await message.listen(fromService(vine.vault, '*', 'presence.ping'));
  const rogue = await vine.rogue(mallory, { publish: ['>'], subscribe: ['>'] });
  const heard = await rogue.listen('MessageSpace.*.fromVault.>');
  message.nc.publish(fromVault(vine.vault, alice, 'data.response'), 'for alice');
  rogue.nc.publish(forVault(vine.vault, 'vault.open'));
  rogue.nc.publish(fromService(vine.vault, alice, 'presence.ping'));
  expect(await rogue.ask('$JS.API.STREAM.NAMES')).toMatch(/JetStream not enabled for account/);
  await quiet();
  expect([heard, heardByOwner, heardByVault]).toEqual([[], [], []]);
});

test.each(['presence.ping', 'data.request', 'connection.request.more', 'connection', '>'])(
  'a stranger may knock and nothing else: not %s',
  async (type) => {
    const stranger = await vine.party(alice, 'handshake');
    const knock = await stranger.ask(fromService(vine.vault, alice, 'connection.request'), 'knock');
    expect(JSON.parse(knock)).toMatchObject({ stream: inboundStream(vine.vault) });
    expect(await stranger.ask(fromService(vine.vault, alice, type))).toMatch(violation);
  },
);

test('the owner app cannot reach MessageSpace, nor another vault', async () => {
  const heard = await message.listen(fromService(vine.vault, '*', 'presence.ping'));
  const app = await vine.ownerApp();
  for (const subject of [
    fromService(vine.vault, alice, 'presence.ping'),
    fromVault(vine.vault, alice, 'data.response'),
    forVault(newVault(), 'vault.open'),
    '$JS.API.INFO',
    '$SYS.REQ.USER.INFO',
  ]) {
    expect(await app.ask(subject)).toMatch(violation);
  }
  expect(await app.nc.subscribe('MessageSpace.>').closed).toBeInstanceOf(Error);
  expect(heard).toEqual([]);
});

test('the vault itself reaches its own stream and consumer only', async () => {
  const { jsm } = message;
  const stream = inboundStream(vine.vault);
  await expect(jsm.streams.delete(stream)).rejects.toThrow(violation);
  await expect(jsm.streams.purge(stream)).rejects.toThrow(violation);
  await expect(jsm.streams.add({ name: inboundStream(newVault()) })).rejects.toThrow(violation);
  await expect(jsm.consumers.add(stream, { durable_name: 'spy' })).rejects.toThrow(violation);
});

async function waiting(): Promise<number> {
  return (await message.jsm.streams.info(inboundStream(vine.vault))).state.messages;
}
