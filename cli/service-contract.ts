import type { CheckedAnswer } from '../service/checked-answer.ts';
import { updateContract } from '../service/contract-update.ts';
import { ServiceError } from '../service/errors.ts';
import { addressOf } from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { readContractFile } from './contract-file.ts';
import { dataDir } from './data-dir.ts';
import { keepStatements } from './kept-statements.ts';
import { report, serversOf } from './service.ts';
import { loadService, saveService } from './service-files.ts';

/** How to publish a new version. */
export type UpdateOptions = {
  readonly as?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly wait: boolean;
};

/**
 * `cambium service update-contract FILE`: publishes the next version of a contract to the vault, and waits for its
 * owner. Until they decide, nothing is served.
 */
export async function updateContractCommand(
  context: CommandContext,
  file: string,
  options: UpdateOptions,
): Promise<ExitCode> {
  const data = dataDir(context.data);
  const next = await readContractFile(file);
  const { name, connection } = await loadService(data, options.as);
  const heard: CheckedAnswer[] = [];
  // Kept as soon as the vault has it: the owner may decide when nobody here listens any more.
  let offered: Promise<void> = Promise.resolve();
  const client = await VaultClient.connect(
    await addressOf(connection, await serversOf(context, options)),
  );
  try {
    const { answer, connection: updated } = await updateContract(client, connection, next, {
      timeoutMs: options.timeout * 1000,
      acceptPending: !options.wait,
      onPending: (pending) => {
        heard.push(pending);
        offered = saveService(data, name, { ...connection, offered: next });
        context.progress('the vault has it; nothing is served until its owner has decided');
      },
    });
    await offered;
    await saveService(data, name, updated);
    if (answer.status !== 'pending') heard.push(answer);
    return report(context, answer, () => `version ${next.version} is in force`);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new CliError(error.code === 'NOT_NEXT' ? 'usage' : 'failed', error.message, error);
  } finally {
    await offered;
    await client.close();
    await keepStatements(context, data, name, heard);
  }
}
