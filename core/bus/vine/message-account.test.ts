import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextKeptAnswer } from '../../../wire/kept-answers.ts';
import { messageTerms } from './account-layout.ts';
import { ensureAnswerConsumer, ensureAnswerStream } from './answer-stream.ts';
import { accountJwt } from './claims.ts';
import { ensureMessageAccount } from './message-account.ts';
import { heldClaims, pushToken } from './party-accounts.ts';
import { TestVine } from './test-vine.ts';
import { publicKey } from './vine-keys.ts';

let vine: TestVine;

beforeAll(async () => {
  vine = await TestVine.start();
});
afterAll(() => vine.stop());

/** The MESSAGE account as versions before this one have made it: two exports. */
async function makeOld(): Promise<void> {
  const key = publicKey(vine.keys.message);
  const { exports = [], ...terms } = messageTerms();
  const old = { ...terms, exports: exports.slice(0, 2) };
  const jwt = await accountJwt(vine.keys.operator, { name: 'MESSAGE', key }, old);
  await pushToken(await vine.sys(), key, jwt);
}

test('a vine of an earlier version shares the kept answers after an opening, and over its own restart', async () => {
  await makeOld();
  const { jsm } = await vine.answerKeeper();
  await ensureAnswerStream(jsm);
  const party = await vine.newParty();
  await ensureAnswerConsumer(jsm, party);
  const pull = '{"batch":1,"no_wait":true}';
  const ask = async (): Promise<string> =>
    (await vine.party(party)).ask(nextKeptAnswer(party), pull);
  expect(await ask()).toMatch(/no responders|timeout/);
  await ensureMessageAccount(await vine.sys(), vine.keys);
  expect(await ask()).toBe('');
  await vine.server?.stop();
  await vine.startServer();
  expect(await ask()).toBe('');
});

test('an account that is as it should be is left alone', async () => {
  const sys = await vine.sys();
  await ensureMessageAccount(sys, vine.keys);
  const held = await heldClaims(sys, publicKey(vine.keys.message));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await ensureMessageAccount(sys, vine.keys);
  expect(await heldClaims(sys, publicKey(vine.keys.message))).toBe(held);
});
