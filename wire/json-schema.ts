import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema } from './manifest.ts';

const ajv = new Ajv2020({ strict: true, allErrors: false, validateFormats: false });
/** The place of a fault may hold names from the value, which a stranger chose: this much of it is told. */
const placeMax = 120;
const compiled = new WeakMap<JsonSchema, ValidateFunction>();

/**
 * What is wrong with `value` under `schema`, in words; `undefined` when it fits. The same schema
 * object is compiled once.
 * @throws Error when the schema itself is not valid
 */
export function schemaFault(schema: JsonSchema, value: unknown): string | undefined {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(schema);
    // Ajv's own cache would keep every schema for ever, and refuse two that bear one `$id`.
    ajv.removeSchema(schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return undefined;
  const [error] = validate.errors ?? [];
  const where = error?.instancePath.slice(0, placeMax) || 'the value';
  return `${where} ${error?.message ?? 'does not fit'}`;
}

/** A strict object schema: every named member required unless listed as optional, no others. */
export function objectSchema(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  };
}
