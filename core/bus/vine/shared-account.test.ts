import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromService, fromVault } from '../../../wire/subjects.ts';
import { ensureInboundStream, inboundSubjects, setInboundSubjects } from './inbound-stream.ts';
import { pushAccount } from './party-accounts.ts';
import { eventually, newVault, quiet, type TestConnection, TestVine } from './test-vine.ts';
import { createPartyAccount } from './vine-keys.ts';
import { everyVault } from './vine-names.ts';

let vine: TestVine;
let vault: Awaited<ReturnType<TestVine['vaultMessageSide']>>;
let party: string;
let service: TestConnection;

beforeAll(async () => {
  vine = await TestVine.start();
  vault = await vine.vaultMessageSide();
  party = await vine.newSharedParty();
  service = await vine.sharedParty(party);
});
afterAll(() => vine.stop());

test('one connection of a service reaches ten thousand vaults, and hears each of them', async () => {
  const many = Array.from({ length: 10_000 }, newVault);
  // All their vaults in one: a user of the messages' account that stands where they would.
  const vaults = await vine.insider({
    publish: ['MessageSpace.*.fromVault.>'],
    subscribe: ['MessageSpace.*.fromService.>'],
  });
  for (const id of many)
    vaults.nc.subscribe(fromService(id, party, '>'), {
      callback: (_, message) =>
        vaults.nc.publish(fromVault(id, party, 'event.answer'), message.data),
    });
  await vaults.nc.flush();
  const answered = new Set<string>();
  for (const id of many)
    service.nc.subscribe(fromVault(id, party, '>'), {
      callback: (_, message) => void answered.add(message.string()),
    });
  await service.nc.flush();
  for (const id of many) service.nc.publish(fromService(id, party, 'presence.ping'), id);
  await eventually(() => answered.size === many.length, 20_000);
  expect(answered.size).toBe(many.length);
  expect(service.errors).toEqual([]);
});

test('its account says the same however many vaults it has', async () => {
  const sys = await vine.sys();
  const claims = async (): Promise<string> =>
    (await sys.request(`$SYS.REQ.ACCOUNT.${party}.CLAIMS.LOOKUP`)).string();
  const before = await claims();
  await pushAccount(sys, vine.keys, { party, vault: everyVault });
  const after = await claims();
  expect(Math.abs(after.length - before.length)).toBeLessThan(16);
  expect(after.length).toBeLessThan(2_500);
});

test('a vault that has not taken it in gets nothing of it, and nothing is kept for that vault', async () => {
  const stranger = createPartyAccount().party;
  const admitted = new Map([[stranger, 'connected']] as const);
  const subjects = inboundSubjects(vine.vault, ['data.request'], admitted);
  await ensureInboundStream(vault.jsm, vine.vault, subjects);
  const heard = await vault.listen(fromService(vine.vault, stranger, '>'));
  const subject = fromService(vine.vault, party, 'data.request');
  expect(await service.ask(subject)).toMatch(/no responders/i);
  await quiet();
  expect(heard).toEqual([]);
});

test('a vault that sends it away takes nothing more of it, while another does not notice', async () => {
  const admitted = new Map([[party, 'connected']] as const);
  const set = (parties: typeof admitted | Map<never, never>) =>
    setInboundSubjects(
      vault.jsm,
      vine.vault,
      inboundSubjects(vine.vault, ['data.request'], parties),
    );
  await set(admitted);
  const subject = fromService(vine.vault, party, 'data.request');
  expect(JSON.parse(await service.ask(subject, 'x', 2_000))).toHaveProperty('seq');
  const other = newVault();
  const elsewhere = await vine.insider({
    publish: ['MessageSpace.*.fromVault.>'],
    subscribe: ['MessageSpace.*.fromService.>'],
  });
  const heard = await elsewhere.listen(fromService(other, party, '>'));
  await set(new Map());
  expect(await service.ask(subject)).toMatch(/no responders/i);
  service.nc.publish(fromService(other, party, 'presence.ping'), 'still here');
  await eventually(() => heard.length > 0);
  expect(heard.map((message) => message.string())).toEqual(['still here']);
});
