import { fileSealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import type { VaultClient } from '../service/vault-client.ts';
import type { Answer } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { dataDir, readCard } from './data-dir.ts';
import { connectOwnerApp, loadOwnerApp, ownerAppFile } from './owner-app.ts';
import { settleApp } from './owner-app-file.ts';
import { natsBinary, runningLedger, runningVine } from './servers.ts';
import { openOnServers } from './vault-servers.ts';

const answerWaitMs = 15_000;

/** The owner at their app. */
export type OwnerSession = {
  /**
   * Says something to the vault and gives its result.
   * @throws CliError with the vault's reason when it refuses
   */
  ask(type: string, payload?: unknown): Promise<unknown>;
};

/**
 * Lets the owner talk to their vault: the one that runs on this data directory, or one that is
 * opened for as long as it takes.
 */
export async function withOwner<T>(
  context: CommandContext,
  use: (owner: OwnerSession) => Promise<T>,
): Promise<T> {
  const data = dataDir(context.data);
  const card = await readCard(data);
  const passphrase = await context.passphrase();
  const app = await loadOwnerApp(data, passphrase);
  const running = await runningLedger(data);
  const vine = await runningVine(data);
  if (running !== undefined && vine !== undefined)
    return talk(await connectOwnerApp(app, vine.url), use);
  context.progress('no vault is running here: opening it for this command');
  const roots = rootsFrom(passphrase, fileSealer(), card.ledger.id);
  const binary = await natsBinary(context.progress);
  const vault = await openOnServers({
    data,
    card,
    binary,
    roots,
    log: () => {},
    ownersTime: Date.now,
  });
  try {
    await settleApp(ownerAppFile(data, card.ledger.id), passphrase);
    return await talk(await connectOwnerApp(app, vault.vineUrl), use);
  } finally {
    await vault.close();
    roots.close();
  }
}

async function talk<T>(client: VaultClient, use: (owner: OwnerSession) => Promise<T>): Promise<T> {
  try {
    return await use({
      ask: async (type, payload = {}) =>
        resultOf(await client.ask({ type, payload }, { timeoutMs: answerWaitMs })),
    });
  } finally {
    await client.close();
  }
}

function resultOf(answer: Answer): unknown {
  if (answer.status === 'served') return answer.result;
  if (answer.status === 'pending') return answer;
  const detail = answer.detail === undefined || answer.detail === '' ? '' : `: ${answer.detail}`;
  throw new CliError('failed', `the vault refused (${answer.code})${detail}`);
}
