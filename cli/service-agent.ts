import { ServiceError } from '../service/errors.ts';
import { learnGrant } from '../service/learn-grant.ts';
import { addressOf } from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir } from './data-dir.ts';
import { renderGrant } from './render-grant.ts';
import { serversOf } from './service.ts';
import { loadService, saveService } from './service-files.ts';

/** Which agent, and how long to wait for the vault, in seconds. */
export type GrantOptions = { readonly as?: string; readonly timeout: number };

/** `cambium service grant`: what an agent may do, as its vault says it now. It is kept in place of what was known. */
export async function grantCommand(
  context: CommandContext,
  options: GrantOptions,
): Promise<ExitCode> {
  const data = dataDir(context.data);
  const { name, connection } = await loadService(data, options.as);
  if (connection.agent === undefined) throw new CliError('usage', `${name} is no agent`);
  const servers = await serversOf(context, options);
  const client = await VaultClient.connect(await addressOf(connection, servers));
  try {
    const contract = await learnGrant(client);
    if (contract === undefined) throw new CliError('failed', 'the vault says nothing about it');
    await saveService(data, name, { ...connection, contract });
    context.print(context.json ? JSON.stringify(contract) : renderGrant(contract));
    return 0;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new CliError('failed', `${error.message} (is the vault running?)`, error);
  } finally {
    await client.close();
  }
}
