import { fromBase64url, fromHex, toBase64url, utf8 } from '../wire/bytes.ts';
import { isIdentifier, isParty } from '../wire/identifiers.ts';
import type { Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';

const prefix = 'cambium-invite:';

/** An invite as one line of text. */
export function encodeInvite(invite: Invite): string {
  return prefix + toBase64url(utf8(JSON.stringify(invite)));
}

/**
 * The invite in a line of text.
 * @throws CliError when it is not one
 */
export function decodeInvite(text: string): Invite {
  try {
    const body = text.trim();
    if (!body.startsWith(prefix)) throw new TypeError('prefix');
    const json = new TextDecoder().decode(fromBase64url(body.slice(prefix.length)));
    const invite = JSON.parse(json) as Invite;
    if (invite.v !== 1 || !isIdentifier(invite.vault) || !isIdentifier(invite.connection))
      throw new TypeError('identifiers');
    if (!isParty(invite.party) || typeof invite.credential.jwt !== 'string')
      throw new TypeError('party');
    if (fromHex(invite.ledger.id).length !== 16 || fromBase64url(invite.ledger.key).length !== 32)
      throw new TypeError('ledger');
    return invite;
  } catch (error) {
    throw new CliError('usage', 'this is neither an invite nor a file that holds one', error);
  }
}
