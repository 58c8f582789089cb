import { serversIn } from '../wire/servers.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { withOwner } from './with-owner.ts';

/** `cambium owner servers [ADDRESS… | --default]`: where the vault is reached, and where it is from now on. */
export async function serversCommand(
  context: CommandContext,
  servers: readonly string[],
  { default: own }: { readonly default: boolean },
): Promise<ExitCode> {
  if (own && servers.length > 0) throw new CliError('usage', 'addresses, or --default: not both');
  const asked = servers.length === 0 && !own ? {} : { servers };
  if (servers.length > 0 && serversIn(asked) === undefined)
    throw new CliError('usage', 'an address is nats://host:port, tls://host:port or host:port');
  const result = await withOwner(context, (owner) => owner.ask('owner.servers', asked));
  const { servers: now } = result as { servers: readonly string[] };
  context.print(context.json ? JSON.stringify(result) : now.join('\n'));
  return 0;
}
