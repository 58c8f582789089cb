import { signedContractSchema } from './contract.ts';
import { handoversSchema } from './handover.ts';
import type { JsonSchema } from './manifest.ts';
import { movedSchema } from './servers.ts';

/*
 * What a vault says to those who are connected: answers, and what it tells of its own accord. Members that are not named
 * here are ignored, so that a version may gain some (docs/spec/delivery.md); what a vault takes is in `wireTypes`.
 */

const time: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const eventType: JsonSchema = { type: 'string', maxLength: 64, pattern: '^[a-z0-9_.]*$' };
const names: JsonSchema = { type: 'array', items: { type: 'string' } };

function open(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

const credential = open({ jwt: { type: 'string' }, seed: { type: 'string' } });
const granted = {
  credential,
  expires: time,
  renewal: open({ jwt: { type: 'string' }, seed: { type: 'string' }, expires: time }),
};

/** What goes with an answer to a service: whether it is believed is for the statement's own rules. */
const statement: JsonSchema = { type: 'object' };

/** Payload of an answer. Another status is a later version's. */
export const answerSchema: JsonSchema = {
  type: 'object',
  oneOf: [
    {
      required: ['status', 'type', 'result'],
      properties: { status: { const: 'served' }, type: eventType, result: {}, statement },
    },
    {
      required: ['status', 'type'],
      properties: { status: { const: 'pending' }, type: eventType, until: time, statement },
    },
    {
      required: ['status', 'type', 'code'],
      properties: {
        ...{ status: { const: 'refused' }, type: eventType, statement },
        code: { type: 'string', pattern: '^[a-z_]{1,64}$' },
        detail: { type: 'string' },
      },
    },
  ],
};

/** Results of the standard's own types, where a party is served. */
export const resultSchemas: Readonly<Record<string, JsonSchema>> = {
  'connection.request': open({
    ...granted,
    party: { type: 'string', pattern: '^A[A-Z2-7]{55}$' },
    optional: names,
    critical: { type: 'array', items: eventType },
  }),
  'connection.keys': open({ handovers: handoversSchema, until: time }, ['until']),
  'connection.servers': movedSchema,
  'contract.update': open({
    contract: open({
      id: { type: 'string' },
      version: { type: 'integer', minimum: 1 },
      hash: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    }),
    optional: names,
  }),
  'credential.renew': open(granted),
  'peer.shares': open({ contract: signedContractSchema }),
};

/** Payloads of what a vault tells a party of its own accord. */
export const toldSchemas: Readonly<Record<string, JsonSchema>> = {
  'connection.keys_changed': open({ handovers: handoversSchema, until: time }, ['until']),
  'connection.moved': movedSchema,
  'connection.severed': open({ by: { enum: ['owner'] }, at: time }),
  'peer.shared': open({ contract: signedContractSchema }),
  'profile.changed': open({}),
};
