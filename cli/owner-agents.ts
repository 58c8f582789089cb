import { grantDocumentFault } from '../wire/agent-grant.ts';
import type { AgentGrant } from '../wire/agent-terms.ts';
import type { Contract } from '../wire/contract.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { readDocument } from './contract-file.ts';
import { pasteable } from './hint.ts';
import { readConnections } from './owner-lists.ts';
import { renderGrant } from './render-grant.ts';
import type { DescribedConnection } from './render-pending.ts';
import { type OwnerSession, withOwner } from './with-owner.ts';

/**
 * The grant in a file.
 * @throws CliError usage when there is no file, failed when its contents are no grant
 */
export async function readGrantFile(path: string): Promise<AgentGrant> {
  const document = await readDocument(path, 'grant');
  if (document === undefined) throw new CliError('failed', `${path} is not JSON`);
  const fault = grantDocumentFault(document.json);
  if (fault !== undefined) throw new CliError('failed', `${path} is not a grant: ${fault}`);
  return document.json as AgentGrant;
}

/** `cambium owner agent AGENT [--grant FILE]`: what an agent may do, or what it may do from now on. */
export async function agentCommand(
  context: CommandContext,
  agent: string,
  options: { readonly grant?: string },
): Promise<ExitCode> {
  const grant = options.grant === undefined ? undefined : await readGrantFile(options.grant);
  const shown = await withOwner(context, async (owner) => {
    const found = await agentNamed(context, owner, agent);
    if (grant === undefined) return found;
    const { connection } = found;
    const result = await owner.ask('owner.agent', { connection, grant });
    return { ...found, contract: (result as { contract: Contract }).contract, cooling_until: null };
  });
  if (context.json) context.print(JSON.stringify(shown));
  else context.print(agentText(shown));
  return 0;
}

function agentText({
  name,
  status,
  contract,
  cooling_until: cooling,
}: DescribedConnection): string {
  const cools =
    cooling === undefined || cooling === null
      ? []
      : [`cools down until ${new Date(cooling).toISOString()}: until then it gets nothing`];
  const may = contract === null ? '' : renderGrant(contract);
  return [`${name} is an agent, ${status}`, ...cools, may].join('\n');
}

async function agentNamed(
  { data }: CommandContext,
  owner: OwnerSession,
  agent: string,
): Promise<DescribedConnection> {
  const agents = (await readConnections(owner)).filter(({ kind }) => kind === 'agent');
  const byId = agents.filter(({ connection }) => connection === agent);
  const byName = agents.filter(({ name, status }) => name === agent && status !== 'severed');
  const [found, another] = byId.length > 0 ? byId : byName;
  const list = pasteable('owner connections', data);
  if (found === undefined)
    throw new CliError('failed', `no agent is called "${agent}"; see: ${list}`);
  if (another !== undefined)
    throw new CliError(
      'usage',
      `several agents are called "${agent}": name one by its connection id`,
    );
  return found;
}
