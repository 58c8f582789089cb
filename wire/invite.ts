import { fromBase64url, toBase64url, utf8 } from './bytes.ts';
import { schemaFault } from './json-schema.ts';
import type { JsonSchema } from './manifest.ts';
import type { Invite } from './messages.ts';

const prefix = 'cambium-invite:';

const text: JsonSchema = { type: 'string' };
const identifier: JsonSchema = { type: 'string', pattern: '^[a-z2-7]{26}$' };
const key32: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' };

/** Members that are named here must be there and in form; others are ignored (docs/spec/handshake.md). */
export const inviteSchema: JsonSchema = {
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

/** The invite in a line of text; `undefined` when it is none. Attacker-controlled. */
export function parseInvite(line: string): Invite | undefined {
  const body = line.trim();
  if (!body.startsWith(prefix)) return undefined;
  try {
    const json = new TextDecoder().decode(fromBase64url(body.slice(prefix.length)));
    const invite = JSON.parse(json) as Invite;
    if (schemaFault(inviteSchema, invite) !== undefined) return undefined;
    for (const key of [invite.signing, invite.encapsulation, invite.ledger.key]) fromBase64url(key);
    return invite;
  } catch {
    return undefined;
  }
}
