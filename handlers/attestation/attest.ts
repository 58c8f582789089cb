import type { Answer, Call, Host } from '../sdk/types.ts';

/*
 * Statements in the owner's name, each under a key of its own purpose. Every one names vault and party, so
 * that whoever gets it cannot show it as given to somebody else.
 */

/** That the owner is there and signs in with this party: its challenge, signed. */
export async function attestPresence(call: Call, host: Pick<Host, 'sign'>): Promise<Answer> {
  const { challenge } = call.event.payload as { readonly challenge: string };
  return signed(call, host, 'authentication', { challenge });
}

/** That the owner signs the document with this hash. */
export async function attestDocument(call: Call, host: Pick<Host, 'sign'>): Promise<Answer> {
  const { title, sha256 } = call.event.payload as {
    readonly title: string;
    readonly sha256: string;
  };
  return signed(call, host, 'signature', { title, sha256 });
}

/**
 * Facts about the owner, signed for this party's challenge. Unlike what a vault answers otherwise, others can be
 * shown it: that is what a proof is for.
 * @throws Error when one of the fields is not given: half a proof proves something else
 */
export async function attestIdentity(
  call: Call,
  host: Pick<Host, 'sign' | 'read'>,
): Promise<Answer> {
  const payload = call.event.payload as {
    readonly fields: readonly string[];
    readonly challenge: string;
  };
  const facts = await Promise.all(
    payload.fields.map(async (name) => [name, await host.read(name)] as const),
  );
  if (facts.some(([, value]) => value === undefined)) throw new Error('a field is not given');
  const { challenge } = payload;
  return signed(call, host, 'identity', { challenge, facts: Object.fromEntries(facts) });
}

type Said = { readonly [name: string]: string | number | Readonly<Record<string, unknown>> };

async function signed(
  call: Call,
  host: Pick<Host, 'sign'>,
  purpose: string,
  said: Said,
): Promise<Answer> {
  const { vault, party, event } = call;
  const statement = canonical({ ...said, vault, party, event: event.id, time: event.time });
  const { signature, key } = await host.sign(purpose, statement);
  return {
    result: {
      statement: base64url(statement),
      signature: base64url(signature),
      key: base64url(key),
    },
  };
}

/** RFC 8785, for text, whole numbers and objects of those: sorted names, no white space. */
function canonical(said: Said): Uint8Array {
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return new TextEncoder().encode(JSON.stringify(said, sorted));
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
