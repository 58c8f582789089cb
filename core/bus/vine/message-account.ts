import type { NatsConnection } from '@nats-io/transport-node';
import { messageTerms } from './account-layout.ts';
import { accountJwt, exportsIn } from './claims.ts';
import { heldClaims, pushToken } from './party-accounts.ts';
import { publicKey, type VineKeys } from './vine-keys.ts';

/**
 * Brings the MESSAGE account of a vine that was made by an earlier version up to date: what it shares stands in
 * its token, and the server keeps the one it has. Does nothing where that is the right one.
 * @param nc - connected with `sysCredential`
 * @throws VineError CLAIMS_REFUSED or CLAIMS_UNANSWERED
 */
export async function ensureMessageAccount(
  nc: NatsConnection,
  keys: Pick<VineKeys, 'operator' | 'message'>,
): Promise<void> {
  const account = publicKey(keys.message);
  const terms = messageTerms();
  const held = exportsIn(await heldClaims(nc, account), publicKey(keys.operator), account);
  const wanted = (terms.exports ?? []).map(({ subject }) => subject);
  if (held !== undefined && wanted.every((subject) => held.includes(subject))) return;
  const jwt = await accountJwt(keys.operator, { name: 'MESSAGE', key: account }, terms);
  await pushToken(nc, account, jwt);
}
