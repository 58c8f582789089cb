import type { AgentOffer } from '../wire/agent-terms.ts';
import { fromBase64url, toBase64url } from '../wire/bytes.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import type { Signer } from '../wire/crypto.ts';
import type { Invite } from '../wire/messages.ts';
import type { CheckedAnswer } from './checked-answer.ts';
import { ServiceError } from './errors.ts';
import {
  agentRequest,
  connectionRequest,
  isAskingAgent,
  newServiceKeys,
  type PartyConnection,
} from './service-identity.ts';
import { newEventId, type SealedEvent } from './session.ts';
import type { VaultClient } from './vault-client.ts';

const ownerWaitMs = 10 * 60_000;

/** How to ask to connect. */
export type ConnectOptions = {
  /** How long to wait for the owner, in milliseconds; ten minutes by default. */
  readonly timeoutMs?: number;
  /** Called once, when the vault has the request and its owner is asked. */
  readonly onPending?: () => void;
};

/** As what to ask: as a service under a contract, or as an agent, which says who it is and brings none. */
export type AskedAs = { readonly contract: Contract } | { readonly agent: AgentOffer };

/**
 * The connection of an invite: the one that has asked with it, or a new one with keys of its own.
 * @throws ServiceError BAD_INVITE
 */
export function connectionFor(
  invite: Invite,
  as: AskedAs,
  known: ReadonlyMap<string, PartyConnection>,
): PartyConnection {
  const before = known.get(invite.connection);
  if (before === undefined) return { keys: newServiceKeys(), invite, ...as };
  if (isAskedAs(before, as)) return before;
  throw new ServiceError('BAD_INVITE', 'this invite has been used under another contract');
}

function isAskedAs(before: PartyConnection, as: AskedAs): boolean {
  if ('agent' in as) return before.agent !== undefined;
  if (before.agent !== undefined || isAskingAgent(before)) return false;
  return contractHash(before.contract) === contractHash(as.contract);
}

/** The request to connect: the one that was sent before, byte for byte, or a new one that proves whose the account is. */
export async function sealedRequest(
  client: VaultClient,
  connection: PartyConnection,
  account: Signer,
): Promise<SealedEvent> {
  const { asked } = connection;
  if (asked !== undefined) return { ...asked, bytes: fromBase64url(asked.bytes) };
  const id = newEventId();
  const own = { account, event: id };
  const payload = isAskingAgent(connection)
    ? await agentRequest(connection, own)
    : await connectionRequest(connection, own);
  return client.seal({ id, type: 'connection.request', payload });
}

/** The connection with what it asked, to be kept before it is sent. */
export function withRequest(
  connection: PartyConnection,
  { id, subject, bytes }: SealedEvent,
): PartyConnection {
  return { ...connection, asked: { id, subject, bytes: toBase64url(bytes) } };
}

/**
 * Sends the request, and waits for the owner; what has come when the time is over is `pending`.
 * @throws ServiceError NOT_ACCEPTED, NO_ANSWER
 */
export async function ownersWord(
  client: VaultClient,
  sealed: SealedEvent,
  { timeoutMs = ownerWaitMs, onPending }: ConnectOptions,
): Promise<CheckedAnswer> {
  let pending: CheckedAnswer | undefined;
  try {
    return await client.askSealed(sealed, {
      critical: true,
      timeoutMs,
      onPending: (answer) => {
        pending = answer;
        onPending?.();
      },
    });
  } catch (error) {
    if (pending === undefined || !(error instanceof ServiceError) || error.code !== 'NO_ANSWER')
      throw error;
    return pending;
  }
}
