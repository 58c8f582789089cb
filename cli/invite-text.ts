import { inviteIn } from '../service/invite-link.ts';
import type { InviteLink } from '../wire/invite-link.ts';
import type { Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';

/**
 * The invite in a line of text, whole or as a link.
 * @throws CliError when it is neither
 */
export function decodeInvite(line: string): Invite | InviteLink {
  const invite = inviteIn(line);
  if (invite === undefined)
    throw new CliError('usage', 'this is neither an invite nor a file that holds one');
  return invite;
}
