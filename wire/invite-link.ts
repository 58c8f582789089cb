import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { fromBase32, toBase32 } from './base32.ts';
import { concat, fromBase64url, toBase64url, utf8 } from './bytes.ts';
import { isIdentifier, isParty } from './identifiers.ts';
import type { Invite } from './messages.ts';
import { accountKeyOf, accountName } from './nkey.ts';

/** What a link holds: an invite without the keys that are too big for a QR code. */
export type InviteLink = Pick<
  Invite,
  'vault' | 'connection' | 'party' | 'servers' | 'credential' | 'signing' | 'expires'
>;

/*
 * Capitals and digits: a QR code takes 5.5 bits for each, where it takes 8 for a character of any other text. What both
 * sides can work out of the ids is in the dictionary, so of a credential little more than its random bits is left.
 */

const prefix = 'CAMBIUM:';
const version = 1;
const headBytes = 1 + 16 + 16 + 32 + 32 + 64;
/** Longest link, in characters, and longest text in one, in bytes. */
const linkMax = 4_096;
const textMax = 8_192;

/**
 * The link of an invite: text that fits a QR code. It is used once, like the invite.
 * @throws RangeError for an invite that fits no link: whose credential is no NATS token, for example
 */
export function linkOf(invite: InviteLink): string {
  const { vault, connection, party, servers, credential, signing, expires } = invite;
  const [head = '', claims = '', signature = ''] = credential.jwt.split('.');
  const text = [
    String(expires),
    servers.join(' '),
    credential.seed,
    textOf(head),
    textOf(claims),
  ].join('\n');
  const fixed = concat(
    Uint8Array.of(version),
    fromBase32(vault.toUpperCase()),
    fromBase32(connection.toUpperCase()),
    accountKeyOf(party) ?? new Uint8Array(),
    fromBase64url(signing),
    fromBase64url(signature),
  );
  const packed = deflateRawSync(utf8(text), { level: 9, dictionary: dictionary(vault, party) });
  const link = prefix + toBase32(concat(fixed, packed));
  const isSame = JSON.stringify(readLink(link)) === JSON.stringify(pick(invite));
  if (!isSame) throw new RangeError('this invite does not fit a link');
  return link;
}

/** What a link says; `undefined` for any other text. Attacker-controlled. */
export function readLink(text: string): InviteLink | undefined {
  const line = text.trim().toUpperCase();
  if (!line.startsWith(prefix) || line.length > linkMax) return undefined;
  try {
    return partsIn(fromBase32(line.slice(prefix.length)));
  } catch {
    return undefined;
  }
}

/** @throws Error of whichever part is not in form */
function partsIn(bytes: Uint8Array): InviteLink | undefined {
  if (bytes.length <= headBytes || bytes[0] !== version) return undefined;
  const part = (from: number, length: number): Uint8Array => bytes.subarray(from, from + length);
  const vault = toBase32(part(1, 16)).toLowerCase();
  const connection = toBase32(part(17, 16)).toLowerCase();
  const party = accountName(part(33, 32));
  const inflated = inflateRawSync(bytes.subarray(headBytes), {
    dictionary: dictionary(vault, party),
    maxOutputLength: textMax,
  });
  const lines = new TextDecoder('utf-8', { fatal: true }).decode(inflated).split('\n');
  const [expires = '', where = '', seed = '', head = '', claims = ''] = lines;
  const servers = where.split(' ');
  const inForm =
    lines.length === 5 &&
    /^(?:0|[1-9]\d{0,14})$/.test(expires) &&
    servers.every((server) => server !== '') &&
    /^SU[A-Z2-7]{56}$/.test(seed) &&
    isIdentifier(vault) &&
    isParty(party);
  if (!inForm) return undefined;
  const token = [utf8(head), utf8(claims), part(97, 64)].map(toBase64url);
  return {
    ...{ vault, connection, party, servers },
    credential: { jwt: token.join('.'), seed },
    ...{ signing: toBase64url(part(65, 32)), expires: Number(expires) },
  };
}

/** The members of a link, in the order in which it is read. */
function pick(invite: InviteLink): InviteLink {
  const { vault, connection, party, servers, credential, signing, expires } = invite;
  const { jwt, seed } = credential;
  return { vault, connection, party, servers, credential: { jwt, seed }, signing, expires };
}

/** Text that is likely in a link to this vault, as this party (docs/spec/handshake.md, "The link"). */
function dictionary(vault: string, party: string): Uint8Array {
  const to = `MessageSpace.${vault}.fromService.${party}`;
  return utf8(
    'wss://tls://nats://127.0.0.1:4222\nSUA\n{"typ":"JWT","alg":"ed25519-nkey"}\n' +
      '{"exp":17,"aud":"NATS","name":"handshake","sub":"UA","nats":{"data":-1,"payload":1048576,"subs":64,' +
      `"pub":{"allow":["${to}.connection.request","${to}.profile.get"]},` +
      `"sub":{"allow":["MessageSpace.${party}.fromVault.${vault}.>","_INBOX.${party}.>"]},` +
      '"allowed_connection_types":["STANDARD","WEBSOCKET"],' +
      `"issuer_account":"${party}","type":"user","version":2},"iss":"A","iat":17,"jti":"=="}`,
  );
}

function textOf(base64url: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(fromBase64url(base64url));
}
