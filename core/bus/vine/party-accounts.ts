import type { NatsConnection } from '@nats-io/transport-node';
import { partyTerms } from './account-layout.ts';
import { type AccountStanding, accountJwt, readStanding } from './claims.ts';
import { VineError } from './vine-error.ts';
import { publicKey, type VineKeys } from './vine-keys.ts';
import { checkedParty } from './vine-names.ts';

/** Keys that an account is signed with and refers to. */
export type AccountKeys = Pick<VineKeys, 'operator' | 'message' | 'issuer'>;

const answerWaitMs = 5_000;

/**
 * Makes an account known to the server, or renews it. Revocations stay: a severed party does not
 * come back with an old credential because its account was pushed again.
 * @param nc - connected with `sysCredential`
 * @param expiresAt - Unix milliseconds at which the account is cut off; absent, it lasts
 * @throws VineError CLAIMS_REFUSED or CLAIMS_UNANSWERED; pushing again is harmless
 */
export async function pushAccount(
  nc: NatsConnection,
  keys: AccountKeys,
  options: { readonly party: string; readonly vault: string; readonly expiresAt?: number },
): Promise<void> {
  const { revokedUntil } = await standingOf(nc, keys, options.party);
  await push(nc, keys, options, { expiresAt: options.expiresAt, revokedUntil });
}

/**
 * Ends every credential issued to a party so far, or until `before` (Unix milliseconds): their
 * connections drop within milliseconds and none of them is served again. Others do not notice. Tokens
 * carry whole seconds: one issued from the next second on is good.
 * @param nc - connected with `sysCredential`
 * @throws VineError CLAIMS_REFUSED or CLAIMS_UNANSWERED; then the party must be taken for connected
 */
export async function revokeParty(
  nc: NatsConnection,
  keys: AccountKeys,
  options: { readonly party: string; readonly vault: string; readonly before?: number },
): Promise<void> {
  const { before = Date.now() } = options;
  const { expiresAt, revokedUntil = 0 } = await standingOf(nc, keys, options.party);
  await push(nc, keys, options, { expiresAt, revokedUntil: Math.max(before, revokedUntil) });
}

async function push(
  nc: NatsConnection,
  keys: AccountKeys,
  { party, vault }: { readonly party: string; readonly vault: string },
  standing: AccountStanding,
): Promise<void> {
  const others = { issuer: publicKey(keys.issuer), message: publicKey(keys.message) };
  const terms = partyTerms({ vault, party }, others);
  await pushToken(
    nc,
    party,
    await accountJwt(keys.operator, { name: 'party', key: party }, terms, standing),
  );
}

/**
 * Gives the server an account's token.
 * @throws VineError CLAIMS_REFUSED or CLAIMS_UNANSWERED; pushing again is harmless
 */
export async function pushToken(nc: NatsConnection, account: string, jwt: string): Promise<void> {
  const refusal = refusalIn(await ask(nc, '$SYS.REQ.CLAIMS.UPDATE', jwt), account);
  if (refusal !== undefined)
    throw new VineError('CLAIMS_REFUSED', `the server did not take ${account}: ${refusal}`);
}

/**
 * An account's token as the server holds it; empty when it holds none.
 * @throws VineError CLAIMS_UNANSWERED
 */
export function heldClaims(nc: NatsConnection, account: string): Promise<string> {
  return ask(nc, `$SYS.REQ.ACCOUNT.${checkedParty(account)}.CLAIMS.LOOKUP`);
}

// What the server holds is believed only under our own signature. A token that does not verify (a file cut off by a
// power failure) may have held a revocation: then all credentials issued so far count as revoked.
async function standingOf(
  nc: NatsConnection,
  keys: AccountKeys,
  party: string,
): Promise<AccountStanding> {
  const held = await heldClaims(nc, party);
  if (held === '') return {};
  return readStanding(held, publicKey(keys.operator), party) ?? { revokedUntil: Date.now() };
}

async function ask(nc: NatsConnection, subject: string, body = ''): Promise<string> {
  try {
    const answer = await nc.request(subject, body, { timeout: answerWaitMs });
    return answer.string();
  } catch (cause) {
    throw new VineError('CLAIMS_UNANSWERED', `no answer to ${subject}`, cause);
  }
}

function refusalIn(answer: string, party: string): string | undefined {
  try {
    const { data, error } = JSON.parse(answer);
    if (data?.code === 200 && data.account === party) return undefined;
    return error?.description ?? answer;
  } catch {
    return answer;
  }
}
