import { parseInvite } from '../wire/invite.ts';
import type { Invite } from '../wire/messages.ts';
import { inviteOf, readLink } from './invite-link.ts';

/**
 * The invite that a text holds or, as a link, leads to; `undefined` for any other text.
 * @param servers - instead of the link's, for a vine that has moved
 * @throws ServiceError NOT_CONNECTED, NO_ANSWER when a link leads nowhere
 */
export async function readInvite(
  text: string,
  timeoutMs: number,
  servers?: readonly string[],
): Promise<Invite | undefined> {
  const link = readLink(text);
  return link === undefined ? parseInvite(text) : inviteOf(link, timeoutMs, servers);
}
