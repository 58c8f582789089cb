import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromService } from '../../../wire/subjects.ts';
import { ensureInboundStream } from './inbound-stream.ts';
import { pushAccount, revokeParty } from './party-accounts.ts';
import { TestVine } from './test-vine.ts';
import { vineConfig } from './vine-config.ts';
import { createPartyAccount } from './vine-keys.ts';
import { partyInbox } from './vine-names.ts';

let vine: TestVine;

beforeAll(async () => {
  vine = await TestVine.start();
  const { jsm } = await vine.vaultMessageSide();
  await ensureInboundStream(jsm, vine.vault, vine.subjects(['data.request']));
});
afterAll(() => vine.stop());

// Tokens carry whole seconds: what is issued in the second of a revocation is revoked with the rest.
async function nextSecond(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_010 - (Date.now() % 1000)));
}

test('a party whose account was never pushed is not served', async () => {
  const { party } = createPartyAccount();
  await expect(vine.party(party)).rejects.toThrow(/Authorization/);
});

test('a revoked party is disconnected at once and stays out, while another does not notice', async () => {
  const [severed, other] = [await vine.newParty(), await vine.newParty()];
  const credential = await vine.credentialOf(severed, 'connected');
  const gone = await vine.connect(credential, partyInbox(severed));
  const stays = await vine.party(other);

  const sys = await vine.sys();
  const startMs = performance.now();
  await revokeParty(sys, vine.keys, { party: severed, vault: vine.vault });
  await gone.disconnected;
  expect(performance.now() - startMs).toBeLessThan(1_000);

  expect(await gone.nc.closed()).toBeInstanceOf(Error);
  expect(gone.errors).toContain('User Authentication Revoked');
  await expect(vine.connect(credential, partyInbox(severed))).rejects.toThrow(/Authorization/);
  const ack = await stays.ask(fromService(vine.vault, other, 'data.request'));
  expect(JSON.parse(ack)).toHaveProperty('seq');
  expect(stays.errors).toEqual([]);
});

test('pushing an account again keeps its revocation; a credential issued later is good', async () => {
  const party = await vine.newParty();
  const old = await vine.credentialOf(party, 'connected');
  const sys = await vine.sys();
  await revokeParty(sys, vine.keys, { party, vault: vine.vault });
  await pushAccount(sys, vine.keys, { party, vault: vine.vault });
  await expect(vine.connect(old, partyInbox(party))).rejects.toThrow(/Authorization/);
  await nextSecond();
  await expect(vine.party(party)).resolves.toBeDefined();
});

test('an account with an end is cut off then, and served again when it is renewed', async () => {
  const party = await vine.newParty();
  const sys = await vine.sys();
  const expiresAt = Date.now() + 2_000;
  await pushAccount(sys, vine.keys, { party, vault: vine.vault, expiresAt });
  const first = await vine.party(party);
  await first.nc.closed();
  expect(first.errors).toContain('Account Authentication Expired');
  await pushAccount(sys, vine.keys, { party, vault: vine.vault });
  await expect(vine.party(party)).resolves.toBeDefined();
});

test('revoking a party leaves the end of its account where it was', async () => {
  const { party } = createPartyAccount();
  const sys = await vine.sys();
  const expiresAt = Math.floor(Date.now() / 1000) * 1000 + 60_000;
  await pushAccount(sys, vine.keys, { party, vault: vine.vault, expiresAt });
  await revokeParty(sys, vine.keys, { party, vault: vine.vault });
  expect((await heldClaims(sys, party)).exp).toBe(expiresAt / 1000);
});

test('after a restart with the same configuration pushed accounts work and revoked ones do not', async () => {
  const [kept, severed] = [await vine.newParty(), await vine.newParty()];
  const good = await vine.credentialOf(kept, 'connected');
  const bad = await vine.credentialOf(severed, 'connected');
  await revokeParty(await vine.sys(), vine.keys, { party: severed, vault: vine.vault });

  await vine.server?.stop();
  await vine.startServer();

  const party = await vine.connect(good, partyInbox(kept));
  const ack = await party.ask(fromService(vine.vault, kept, 'data.request'));
  expect(JSON.parse(ack)).toHaveProperty('seq');
  await expect(vine.connect(bad, partyInbox(severed))).rejects.toThrow(/Authorization/);
});

test('a configuration made anew from the same keys serves the same accounts', async () => {
  const party = await vine.newParty();
  await vine.server?.stop();
  vine.config = await vineConfig(vine.keys, { storeDir: 'jetstream', resolverDir: 'accounts' });
  await vine.startServer();
  const ack = await (await vine.party(party)).ask(fromService(vine.vault, party, 'data.request'));
  expect(JSON.parse(ack)).toHaveProperty('seq');
});

test('a damaged account file locks its party out until it is pushed, and counts as a revocation', async () => {
  const party = await vine.newParty();
  const old = await vine.credentialOf(party, 'connected');
  await vine.server?.stop();
  await truncate(join(vine.dir, 'accounts', `${party}.jwt`), 200);
  await vine.startServer();
  await expect(vine.connect(old, partyInbox(party))).rejects.toThrow(/Authorization/);

  await pushAccount(await vine.sys(), vine.keys, { party, vault: vine.vault });
  await expect(vine.connect(old, partyInbox(party))).rejects.toThrow(/Authorization/);
  await nextSecond();
  await expect(vine.party(party)).resolves.toBeDefined();
});

test('who may not push accounts gets no answer, and pushAccount says so', async () => {
  const { nc } = await vine.ownerApp();
  const { party } = createPartyAccount();
  const pushed = pushAccount(nc, vine.keys, { party, vault: vine.vault });
  await expect(pushed).rejects.toMatchObject({ name: 'VineError', code: 'CLAIMS_UNANSWERED' });
});

async function heldClaims(sys: NatsConnection, party: string): Promise<{ exp: number }> {
  const jwt = await sys.request(`$SYS.REQ.ACCOUNT.${party}.CLAIMS.LOOKUP`);
  return JSON.parse(Buffer.from(jwt.string().split('.')[1] ?? '', 'base64url').toString());
}
