import { fromBase64url, toBase64url, utf8 } from '../wire/bytes.ts';
import { schemaFault } from '../wire/json-schema.ts';
import type { JsonSchema } from '../wire/manifest.ts';
import type { Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';

const prefix = 'cambium-invite:';

const text: JsonSchema = { type: 'string' };
const identifier: JsonSchema = { type: 'string', pattern: '^[a-z2-7]{26}$' };
const key32: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' };

/** Members that are named here must be there and in form; others are ignored (docs/spec/handshake.md). */
const inviteSchema: JsonSchema = {
  type: 'object',
  required: [
    ...['v', 'vault', 'connection', 'party', 'servers', 'credential'],
    ...['signing', 'encapsulation', 'ledger', 'expires'],
  ],
  properties: {
    v: { const: 1 },
    vault: identifier,
    connection: identifier,
    party: { type: 'string', pattern: '^A[A-Z2-7]{55}$' },
    servers: { type: 'array', minItems: 1, items: text },
    credential: {
      type: 'object',
      required: ['jwt', 'seed'],
      properties: { jwt: text, seed: text },
    },
    signing: key32,
    encapsulation: { type: 'string', pattern: '^[A-Za-z0-9_-]{1622}$' },
    ledger: {
      type: 'object',
      required: ['id', 'key'],
      properties: { id: { type: 'string', pattern: '^[0-9a-f]{32}$' }, key: key32 },
    },
    expires: { type: 'integer', minimum: 0, maximum: 2 ** 48 - 1 },
  },
};

/** An invite as one line of text. */
export function encodeInvite(invite: Invite): string {
  return prefix + toBase64url(utf8(JSON.stringify(invite)));
}

/**
 * The invite in a line of text.
 * @throws CliError when it is not one
 */
export function decodeInvite(line: string): Invite {
  try {
    const body = line.trim();
    if (!body.startsWith(prefix)) throw new TypeError('prefix');
    const json = new TextDecoder().decode(fromBase64url(body.slice(prefix.length)));
    const invite = JSON.parse(json) as Invite;
    const fault = schemaFault(inviteSchema, invite);
    if (fault !== undefined) throw new TypeError(fault);
    for (const key of [invite.signing, invite.encapsulation, invite.ledger.key]) fromBase64url(key);
    return invite;
  } catch (error) {
    throw new CliError('usage', 'this is neither an invite nor a file that holds one', error);
  }
}
