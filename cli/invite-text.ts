import { parseInvite } from '../wire/invite.ts';
import type { Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';

/**
 * The invite in a line of text.
 * @throws CliError when it is not one
 */
export function decodeInvite(line: string): Invite {
  const invite = parseInvite(line);
  if (invite === undefined)
    throw new CliError('usage', 'this is neither an invite nor a file that holds one');
  return invite;
}
