import type { CommandContext, ExitCode } from './command.ts';
import { dataDir, readCard } from './data-dir.ts';
import { natsBinary, startVine } from './servers.ts';

/**
 * `cambium vine`: runs the messaging layer alone, so that critical events find a place to wait while
 * the vault is down. Needs no passphrase: its configuration holds no secret.
 */
export async function vineCommand(context: CommandContext): Promise<ExitCode> {
  const data = dataDir(context.data);
  await readCard(data);
  const server = await startVine(data, await natsBinary(context.progress), 'lasting');
  if (context.json) context.print(JSON.stringify({ vine: server.url }));
  else context.print(`messaging layer at ${server.url}`);
  const stopped = new Promise<'stop'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve('stop'));
  });
  const end = await Promise.race([stopped, server.exited]);
  if (end !== 'stop') throw new Error('the messaging server has stopped');
  await server.stop();
  return 0;
}
