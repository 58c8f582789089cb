import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromService, fromVault } from '../../../wire/subjects.ts';
import { ensureInboundStream, inboundConsumer } from './inbound-stream.ts';
import { eventually, quiet, TestVine } from './test-vine.ts';
import { inboundStream } from './vine-names.ts';

let vine: TestVine;

beforeAll(async () => {
  vine = await TestVine.start();
});
afterAll(() => vine.stop());

test('a critical event is acknowledged to a party that has no JetStream permission, and the vault fetches it', async () => {
  const { nc, jsm } = await vine.vaultMessageSide();
  await ensureInboundStream(jsm, vine.vault, vine.subjects(['connection.request', 'data.request']));
  const party = await vine.newParty();
  const subject = fromService(vine.vault, party, 'data.request');

  const sender = await vine.party(party);
  const ack = JSON.parse(await sender.ask(subject, 'for the vault'));
  expect(ack).toEqual({ stream: inboundStream(vine.vault), seq: 1 });

  const message = await (await inboundConsumer(nc, vine.vault)).next({ expires: 1000 });
  expect(message?.subject).toBe(subject);
  expect(message?.string()).toBe('for the vault');
  expect(await message?.ackAck()).toBe(true);
  expect((await jsm.streams.info(inboundStream(vine.vault))).state.messages).toBe(0);
  expect(sender.errors).toEqual([]);
});

test('a best-effort event reaches a core subscription of the vault and no stream', async () => {
  const vault = await vine.vaultMessageSide();
  const received = await vault.listen(fromService(vine.vault, '*', 'presence.ping'));
  const party = await vine.newParty();
  const sender = await vine.party(party);
  sender.nc.publish(fromService(vine.vault, party, 'presence.ping'), 'here');
  await eventually(() => received.length > 0);
  expect(received.map((m) => [m.subject, m.string()])).toEqual([
    [fromService(vine.vault, party, 'presence.ping'), 'here'],
  ]);
});

test('what the vault publishes reaches the party it names and nobody else', async () => {
  const vault = await vine.vaultMessageSide();
  const [one, other] = [await vine.newParty(), await vine.newParty()];
  const first = await (await vine.party(one)).listen(fromVault(vine.vault, one, '>'));
  const second = await (await vine.party(other)).listen(fromVault(vine.vault, other, '>'));
  vault.nc.publish(fromVault(vine.vault, one, 'data.response'), 'yours');
  await eventually(() => first.length > 0);
  await quiet();
  expect(first.map((m) => m.string())).toEqual(['yours']);
  expect(second).toEqual([]);
});

test('the owner app and the vault hear each other, and the app gets answers in its inbox', async () => {
  const [app, vault] = [await vine.ownerApp(), await vine.vaultOwnerSide()];
  const forApp = await app.listen(`OwnerSpace.${vine.vault}.forApp.>`);
  vault.nc.subscribe(`OwnerSpace.${vine.vault}.forVault.>`, {
    callback: (_error, msg) => void msg.respond('done'),
  });
  await vault.nc.flush();
  expect(await app.ask(`OwnerSpace.${vine.vault}.forVault.vault.open`)).toBe('done');
  vault.nc.publish(`OwnerSpace.${vine.vault}.forApp.consent.asked`, 'may they?');
  await eventually(() => forApp.length > 0);
  expect(forApp.map((m) => m.string())).toEqual(['may they?']);
  expect([...app.errors, ...vault.errors]).toEqual([]);
});
