import { objectSchema } from '../../wire/json-schema.ts';
import type { JsonSchema } from '../../wire/manifest.ts';
import { permissionPattern } from './permissions.ts';

/** Largest result, with its effects, that a manifest may ask for, in bytes. */
const resultBytesMax = 256 * 1024;

const dottedType = '^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*){1,4}$';
const memberName = '^[a-z][a-z0-9_]*$';

const member: JsonSchema = { type: 'string', maxLength: 64, pattern: memberName };

const handledType: JsonSchema = objectSchema(
  {
    type: { type: 'string', maxLength: 64, pattern: dottedType },
    delivery: { enum: ['critical', 'best-effort'] },
    permission: {
      enum: [
        'store',
        'messages',
        'authentication',
        'payment',
        'signatures',
        'identity',
        'location',
      ],
    },
    fields: member,
    once: member,
    consent: { const: true },
    notifies: { const: true },
    entry: objectSchema({ category: member, key: member, value: member }, ['key', 'value']),
    request: { type: 'object' },
    response: { type: 'object' },
  },
  ['permission', 'fields', 'once', 'consent', 'notifies', 'entry'],
);

const limits: JsonSchema = objectSchema({
  timeMs: { type: 'integer', minimum: 1, maximum: 60_000 },
  memoryMiB: { type: 'integer', minimum: 16, maximum: 1024 },
  resultBytes: { type: 'integer', minimum: 1, maximum: resultBytesMax },
});

/** JSON Schema of `handler.json`. */
export const manifestSchema: JsonSchema = objectSchema({
  name: { type: 'string', maxLength: 64, pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' },
  version: { type: 'string', maxLength: 32, pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' },
  description: { type: 'string', minLength: 1, maxLength: 500 },
  types: { type: 'array', items: handledType, minItems: 1, maxItems: 32 },
  permissions: {
    type: 'array',
    items: { type: 'string', maxLength: 160, pattern: permissionPattern },
    maxItems: 64,
    uniqueItems: true,
  },
  effects: {
    type: 'array',
    items: { type: 'string', maxLength: 64, pattern: dottedType },
    maxItems: 32,
    uniqueItems: true,
  },
  limits,
  start: {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 500 },
    minItems: 1,
    maxItems: 16,
  },
});
