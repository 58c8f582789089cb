import { objectSchema, schemaFault } from './json-schema.ts';
import type { JsonSchema } from './manifest.ts';

/** Addresses of a vine, in the order in which they are tried: `nats://host:port`, `tls://…`, or `host:port`. */
const serversSchema: JsonSchema = {
  type: 'array',
  minItems: 1,
  maxItems: 16,
  items: {
    type: 'string',
    maxLength: 255,
    pattern:
      '^(?:(?:nats|tls|wss?)://)?(?:[A-Za-z0-9._-]{1,200}|\\[[0-9A-Fa-f:.]{2,45}\\]):[0-9]{1,5}$',
  },
};

/** Addresses that the owner names: none for the vine's own. */
export const namedServersSchema: JsonSchema = { ...serversSchema, minItems: 0 };

/** Payload of `connection.moved`, and of `connection.servers` and its result. */
export const movedSchema: JsonSchema = objectSchema({ servers: serversSchema });

/** The addresses in a payload; `undefined` for one in another form. Attacker-controlled. */
export function serversIn(payload: unknown): readonly string[] | undefined {
  if (schemaFault(movedSchema, payload) !== undefined) return undefined;
  return (payload as { servers: readonly string[] }).servers;
}

/** Whether two lists name the same addresses in the same order. */
export function sameServers(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((server, at) => server === other[at]);
}
