import type { Contract } from '../wire/contract.ts';
import { signContract } from '../wire/contract.ts';
import { chainFault } from '../wire/contract-chain.ts';
import type { Signer } from '../wire/crypto.ts';
import type { ContractAccepted } from '../wire/messages.ts';
import type { CheckedAnswer } from './checked-answer.ts';
import type { AskOptions } from './client-options.ts';
import { ServiceError } from './errors.ts';
import { addressOf, type ServiceConnection } from './service-identity.ts';
import type { OutgoingEvent } from './session.ts';
import type { VaultClient } from './vault-client.ts';

/** What a vault said to a new version, and the connection as it is then: to be kept in place of the old one. */
export type UpdateOutcome = {
  readonly answer: CheckedAnswer;
  readonly connection: ServiceConnection;
};

/**
 * The event that publishes a contract's next version to one vault.
 * @param before - the version that this vault heard of last
 * @throws ServiceError NOT_NEXT when it does not follow that one: a vault would refuse it
 */
export function contractUpdate(signer: Signer, before: Contract, next: Contract): OutgoingEvent {
  const fault = chainFault(before, next);
  if (fault !== undefined) throw new ServiceError('NOT_NEXT', fault.detail);
  return { type: 'contract.update', payload: { contract: signContract(signer, next) } };
}

/**
 * Publishes the next version to one vault and waits for its owner. Until they have decided, every request is
 * `contract_pending`; accepted, requests have to name the new version; rejected, the connection is severed.
 * @throws ServiceError NOT_NEXT, NOT_ACCEPTED, NO_ANSWER
 */
export async function updateContract(
  client: VaultClient,
  connection: ServiceConnection,
  next: Contract,
  options: Omit<AskOptions, 'critical'>,
): Promise<UpdateOutcome> {
  const { identity } = await addressOf(connection);
  const { contract: before, offered } = connection;
  const event = contractUpdate(identity.signer, offered ?? before, next);
  const answer = await client.ask(event, { ...options, critical: true });
  return { answer, connection: afterUpdate(connection, next, answer) };
}

/**
 * The connection under the version that was offered: for a service that was not there when the owner accepted it,
 * and learns it from `contract_version_mismatch`. `undefined` where none was offered.
 */
export function underOffered({
  offered,
  ...rest
}: ServiceConnection): ServiceConnection | undefined {
  return offered && { ...rest, contract: offered };
}

function afterUpdate(
  connection: ServiceConnection,
  next: Contract,
  answer: CheckedAnswer,
): ServiceConnection {
  const { offered: _, ...rest } = connection;
  // `duplicate`: the vault has had this very document before.
  if (answer.status === 'pending' || (answer.status === 'refused' && answer.code === 'duplicate'))
    return { ...rest, offered: next };
  if (answer.status === 'refused') return connection;
  const { optional } = answer.result as ContractAccepted;
  const accepted = rest.accepted === undefined ? {} : { accepted: { ...rest.accepted, optional } };
  return { ...rest, contract: next, ...accepted };
}
