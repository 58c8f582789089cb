import { grantTold } from '../wire/agent-contract.ts';
import { agentGrantType } from '../wire/agent-grant.ts';
import type { Contract } from '../wire/contract.ts';
import type { VaultClient } from './vault-client.ts';

const answerWithinMs = 10_000;

/**
 * Asks a vault what its owner lets us do as their agent; `undefined` where it says nothing that is in form.
 * @throws ServiceError NOT_CONNECTED, NO_ANSWER
 */
export async function learnGrant(client: VaultClient): Promise<Contract | undefined> {
  const asked = { type: agentGrantType, payload: {} };
  const answer = await client.ask(asked, { timeoutMs: answerWithinMs });
  return answer.status === 'served' ? grantTold(answer.result) : undefined;
}
