import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { CoolingDown } from '../../ledger/decision.ts';
import type { Connection } from '../../projections/vault-state.ts';
import { agentGrantedType, grantEnd } from '../../wire/agent-grant.ts';
import type { AgentGrant } from '../../wire/agent-terms.ts';
import type { SignedContract } from '../../wire/contract.ts';
import { timeWords } from '../../wire/contract-words.ts';
import type { Answer } from '../../wire/messages.ts';
import { coolingUntil, refusedOnceMore } from '../decision/cooling.ts';
import { agentContract } from './agent-contract.ts';
import { refusal } from './answers.ts';
import { deviceOf } from './grants.ts';
import { notify } from './notices.ts';
import { signedByVault } from './own-contract.ts';
import type { Command } from './owner-commands.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * What an owner lets an AI agent do. As with a peer it is drawn up as a contract of the vault's own, so that what an agent
 * asks for is decided by the same checks as what a service does.
 */

/** Records what an agent may do from now on. Requires a grant that was checked at the time of this turn. */
export function grantAgent(
  parts: VaultParts,
  turn: Turn,
  { id, name, scope, contract: before }: Connection,
  {
    grant,
    device,
    from,
  }: { readonly grant: AgentGrant; readonly device: string; readonly from: number },
): SignedContract & { readonly record: number } {
  const { batch } = turn;
  const { time, state } = batch;
  const whose = { id, name, ...(before === undefined ? {} : { before: before.contract }) };
  const expires = grantEnd(grant, time) ?? time;
  const drawn = agentContract(whose, grant, state.handlers, { time, expires });
  const contract = signedByVault(parts, turn, drawn);
  const body = { connection: id, contract, device };
  const record = batch.add({ kind: 'agent_granted', scope, cause: from, body });
  return { ...contract, record };
}

/** `owner.agent`: another grant in place of the one before, in force as it is recorded. Its agent is told. */
export async function grantAnew(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn, from, received } = command;
  const { batch } = turn;
  const type = 'owner.agent';
  const payload: unknown = received.event?.payload;
  const { connection: id, grant } = payload as { connection: string; grant: AgentGrant };
  const agent = batch.state.connections.get(id);
  if (agent === undefined) return refusal(type, 'connection_unknown', 'no such agent');
  const device = deviceOf(batch.state, received.connection);
  const { record, ...contract } = grantAgent(parts, turn, agent, { grant, device, from });
  if (agent.status === 'active')
    await parts.sealer.queue(batch, {
      ...{ connection: id, type: agentGrantedType, payload: { contract }, from: record },
    });
  return { status: 'served', type, result: { connection: id, contract: contract.contract } };
}

/** `agent.grant`: an agent asks what it may do. */
export async function answerGrant(
  _parts: VaultParts,
  { batch }: Turn,
  received: ReceivedEvent,
): Promise<Answer> {
  const type = received.event?.type ?? '';
  const contract = batch.state.connections.get(received.connection)?.contract;
  return contract === undefined
    ? refusal(type, 'contract_unknown')
    : { status: 'served', type, result: { contract } };
}

/** The owner has said no to an agent: it counts with the refusals of the checks. */
export async function countDenial(
  parts: VaultParts,
  turn: Turn,
  id: string,
  from: number,
): Promise<void> {
  const { batch } = turn;
  const agent = batch.state.connections.get(id);
  if (agent === undefined || coolingUntil(agent, batch.time) !== undefined) return;
  const cooling = refusedOnceMore(agent, batch.time);
  if (cooling === undefined) return;
  const body = { connection: id, ...cooling };
  const record = batch.add({ kind: 'agent_refused', scope: agent.scope, cause: from, body });
  await tellCooling(parts, turn, id, cooling, record);
}

/** The owner is told when an agent begins to cool down. */
export async function tellCooling(
  parts: VaultParts,
  turn: Turn,
  connection: string,
  { refusals, until }: CoolingDown,
  from: number,
): Promise<void> {
  if (until === undefined) return;
  const detail = `after ${refusals.length} refusals it gets nothing until ${timeWords(until)}`;
  await notify(parts, turn, { about: 'agent_cooling', connection, detail }, from);
}
