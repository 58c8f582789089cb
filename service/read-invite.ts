import type { Invite } from '../wire/messages.ts';
import { inviteIn, inviteOf, isWhole } from './invite-link.ts';

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
  const found = inviteIn(text);
  return found === undefined || isWhole(found) ? found : inviteOf(found, timeoutMs, servers);
}
