import { fromBase64url } from '../wire/bytes.ts';
import { parseInvite } from '../wire/invite.ts';
import { type InviteLink, readLink } from '../wire/invite-link.ts';
import type { Invite } from '../wire/messages.ts';
import { fetchProfile } from './profile.ts';

/** What an invite or a link says by itself; `undefined` for any other text. */
export function inviteIn(text: string): Invite | InviteLink | undefined {
  return readLink(text) ?? parseInvite(text);
}

/** Whether an invite has the keys that a link lacks. */
export function isWhole(invite: Invite | InviteLink): invite is Invite {
  return 'encapsulation' in invite;
}

/**
 * The invite that a link leads to: the keys that it lacks are fetched from the vault, and are those that the key in the
 * link has signed.
 * @param servers - instead of the link's, for a vine that has moved
 * @throws ServiceError NOT_CONNECTED, NO_ANSWER
 */
export async function inviteOf(
  link: InviteLink,
  timeoutMs: number,
  servers: readonly string[] = link.servers,
): Promise<Invite> {
  const signing = fromBase64url(link.signing);
  const { encapsulation, ledger } = await fetchProfile({ ...link, servers, signing }, timeoutMs);
  return { v: 1, ...link, encapsulation, ledger };
}
