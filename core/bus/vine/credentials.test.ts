import { afterAll, beforeAll, expect, test } from 'vitest';
import { keptAnswerAcks, nextKeptAnswer } from '../../../wire/kept-answers.ts';
import { connectVine } from './connect-vine.ts';
import {
  answerKeeperCredential,
  ownerAppCredential,
  partyCredential,
  sysCredential,
  vaultMessageSideCredential,
  vaultOwnerSideCredential,
} from './credentials.ts';
import { newVault, TestVine } from './test-vine.ts';
import { createPartyAccount, createVineKeys } from './vine-keys.ts';
import { partyInbox } from './vine-names.ts';

let vine: TestVine;
let party: string;

beforeAll(async () => {
  vine = await TestVine.start();
  party = await vine.newParty();
});
afterAll(() => vine.stop());

function claimsOf(jwt: string) {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}

test('an expired credential is refused', async () => {
  const old = await vine.credentialOf(party, 'connected', -1_000);
  await expect(vine.connect(old, partyInbox(party))).rejects.toThrow(/Authorization/);
});

test('a credential that expires ends its connection, which does not come back', async () => {
  const brief = await vine.credentialOf(party, 'connected', 2_000);
  const { nc } = await vine.connect(brief, partyInbox(party));
  const closed = await nc.closed();
  expect(closed).toBeInstanceOf(Error);
  expect(Date.now()).toBeGreaterThan(claimsOf(brief.jwt).exp * 1000 - 100);
});

test('a connection whose credential is renewed in time outlives the first one', async () => {
  let current = await vine.credentialOf(party, 'connected', 2_000);
  const first = current.jwt;
  const options = { name: 'renewing', inboxPrefix: partyInbox(party), reconnectTimeWait: 20 };
  const nc = await connectVine(vine.server?.url ?? '', () => current, options);
  current = await vine.credentialOf(party, 'connected');
  for await (const { type } of nc.status()) if (type === 'reconnect') break;
  expect(Date.now()).toBeGreaterThan(claimsOf(first).exp * 1000 - 100);
  await nc.flush();
  await nc.close();
});

test('a token without its key, or signed by keys of another vine, connects nobody', async () => {
  const [good, other] = [
    await vine.credentialOf(party, 'connected'),
    await vine.credentialOf(party, 'handshake'),
  ];
  const mixed = { jwt: good.jwt, seed: other.seed };
  await expect(vine.connect(mixed, partyInbox(party))).rejects.toThrow(/Authorization/);
  const foreign = await partyCredential(createVineKeys(), {
    vault: vine.vault,
    party,
    scope: 'connected',
    expiresAt: Date.now() + 60_000,
  });
  await expect(vine.connect(foreign, partyInbox(party))).rejects.toThrow(/Authorization/);
});

test('no outside credential names $SYS, nor of $JS more than its own consumer, and every list is an allow-list', async () => {
  const { keys, vault } = vine;
  const outside = [
    await ownerAppCredential(keys, { vault }),
    await vine.credentialOf(party, 'handshake'),
    await vine.credentialOf(party, 'connected'),
  ];
  for (const { jwt } of outside) {
    const { pub, sub } = claimsOf(jwt).nats;
    for (const list of [pub.allow, sub.allow]) {
      expect(list.length).toBeGreaterThan(0);
      for (const subject of list) {
        const own = [nextKeptAnswer(party), keptAnswerAcks(party)];
        const elsewhere = /^(OwnerSpace\.[a-z2-7]{26}|MessageSpace\.\w+|_INBOX\.\w+)\./;
        expect(own.includes(subject) || elsewhere.test(subject), subject).toBe(true);
      }
    }
  }
});

test('every credential fits into a CONNECT of 4 KB', async () => {
  const { keys, vault } = vine;
  const all = await Promise.all([
    ownerAppCredential(keys, { vault }),
    vaultOwnerSideCredential(keys, { vault }),
    vaultMessageSideCredential(keys, { vault }),
    sysCredential(keys),
    answerKeeperCredential(keys),
    vine.credentialOf(party, 'connected'),
  ]);
  expect(Math.max(...all.map(({ jwt }) => jwt.length))).toBeLessThan(3_000);
});

test('identifiers that would widen a subject and times that mean "never" are not signed', () => {
  const { keys } = vine;
  for (const vault of ['*', 'a.b', '>', '', `${newVault()}.>`, `${newVault()}\n`]) {
    expect(() => ownerAppCredential(keys, { vault })).toThrow(
      expect.objectContaining({ code: 'BAD_IDENTIFIER' }),
    );
  }
  const { vault } = vine;
  const { party } = createPartyAccount();
  const options = { vault, party, scope: 'connected', expiresAt: 1 } as const;
  expect(() => partyCredential(keys, { ...options, party: '*' })).toThrow(
    expect.objectContaining({ code: 'BAD_IDENTIFIER' }),
  );
});

test.each([0, 999, -5, Number.NaN, Number.POSITIVE_INFINITY])('%d is no expiry', async (at) => {
  const credential = ownerAppCredential(vine.keys, { vault: vine.vault, expiresAt: at });
  await expect(credential).rejects.toMatchObject({ code: 'BAD_TIME' });
});
