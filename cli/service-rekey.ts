import {
  addressOf,
  newServiceKeys,
  openServiceKeys,
  type ServiceConnection,
} from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import { keptVaultKeys } from '../service/vault-keys.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir } from './data-dir.ts';
import { serversOf } from './service.ts';
import { loadService, saveService } from './service-files.ts';

/** Which service, and how long to wait for the vault, in seconds. */
export type RekeyOptions = { readonly as?: string; readonly timeout: number };

/**
 * `cambium service rekey`: new keys take over from a service's own. They are kept before the vault is asked, and
 * where an earlier try was cut short, those are taken up again, whether the vault has taken them or not.
 */
export async function rekeyCommand(
  context: CommandContext,
  options: RekeyOptions,
): Promise<ExitCode> {
  const data = dataDir(context.data);
  const { name, connection } = await loadService(data, options.as);
  const servers = await serversOf(context, options);
  const { next: before, ...kept } = connection;
  const next = before ?? newServiceKeys();
  await saveService(data, name, { ...kept, next });
  const done: ServiceConnection = { ...kept, keys: next };
  const taken = before !== undefined && (await isTaken({ ...done, next: kept.keys }, servers));
  const vaultKeys = taken ? {} : await handOver({ ...kept, next }, servers, options.timeout * 1000);
  await saveService(data, name, { ...done, ...vaultKeys });
  context.print(context.json ? JSON.stringify({ service: name }) : `${name} has new keys`);
  return 0;
}

/** Whether the vault takes these keys for the service's: what it refuses is sealed to the ones before. */
async function isTaken(
  connection: ServiceConnection,
  servers: readonly string[],
): Promise<boolean> {
  const client = await VaultClient.connect(await addressOf(connection, servers));
  try {
    const payload = { signing: '', encapsulation: '', ledger: '' };
    const answer = await client.ask({ type: 'connection.keys', payload }, { timeoutMs: 10_000 });
    // The question is not in form: an answer to the rightful sender says so.
    return answer.status === 'refused' && answer.code === 'schema_invalid';
  } finally {
    await client.close();
  }
}

async function handOver(
  connection: ServiceConnection,
  servers: readonly string[],
  timeoutMs: number,
): Promise<Pick<ServiceConnection, 'vaultKeys'>> {
  const client = await VaultClient.connect(await addressOf(connection, servers));
  let learned: Pick<ServiceConnection, 'vaultKeys'> = {};
  client.onIdentity = async (identity) => {
    learned = { vaultKeys: keptVaultKeys(identity) };
  };
  try {
    if (connection.next === undefined) throw new Error('there are no next keys');
    const answer = await client.rekey(await openServiceKeys(connection.next), timeoutMs);
    if (answer.status !== 'served')
      throw new CliError('failed', `the vault did not take the keys: ${JSON.stringify(answer)}`);
  } finally {
    await client.close();
  }
  return learned;
}
