import { fromBase64url, toBase64url, utf8 } from '../wire/bytes.ts';
import { isIdentifier, isParty } from '../wire/identifiers.ts';
import type { Invite } from '../wire/messages.ts';
import { fetchProfile } from './profile.ts';

/** What a link holds: an invite without the keys that are too big for a QR code. */
export type InviteLink = Pick<
  Invite,
  'vault' | 'connection' | 'party' | 'servers' | 'credential' | 'signing' | 'expires'
>;

const prefix = 'cambium:1.';
const parts = 8;

/** The link of an invite: text that fits a QR code. It is used once, like the invite. */
export function linkOf(invite: InviteLink): string {
  const { vault, connection, party, servers, credential, signing, expires } = invite;
  const where = toBase64url(utf8(servers.join(' ')));
  const token = credential.jwt.split('.');
  const head = [vault, connection, party, signing, String(expires), where, credential.seed];
  return prefix + [...head, token.join('~')].join('.');
}

/** What a link says; `undefined` for any other text. */
export function readLink(text: string): InviteLink | undefined {
  const line = text.trim();
  if (!line.startsWith(prefix)) return undefined;
  const found = line.slice(prefix.length).split('.');
  const [vault = '', connection = '', party = '', signing = ''] = found;
  const [expires = '', where = '', seed = '', token = ''] = found.slice(4);
  const servers = textIn(where)?.split(' ') ?? [];
  const inForm =
    found.length === parts &&
    isIdentifier(vault) &&
    isIdentifier(connection) &&
    isParty(party) &&
    /^[A-Za-z0-9_-]{43}$/.test(signing) &&
    textIn(signing, false) !== undefined &&
    /^\d{1,15}$/.test(expires) &&
    servers.length > 0 &&
    servers.every((server) => server !== '') &&
    /^SU[A-Z2-7]{56}$/.test(seed) &&
    /^[A-Za-z0-9_-]+~[A-Za-z0-9_-]+~[A-Za-z0-9_-]+$/.test(token);
  if (!inForm) return undefined;
  const credential = { jwt: token.replaceAll('~', '.'), seed };
  return { vault, connection, party, servers, credential, signing, expires: Number(expires) };
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

function textIn(base64url: string, isText = true): string | undefined {
  try {
    const bytes = fromBase64url(base64url);
    return isText ? new TextDecoder('utf-8', { fatal: true }).decode(bytes) : '';
  } catch {
    return undefined;
  }
}
