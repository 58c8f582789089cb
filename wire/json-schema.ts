import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema } from './manifest.ts';

type Compiler = { readonly ajv: Ajv2020; readonly done: WeakMap<JsonSchema, ValidateFunction> };

/** Stops at the first fault: a hostile document costs no more than an honest one. */
const brief: Compiler = compiler(false);
/** Finds every fault: only for documents that are small, and whose author asks. */
const thorough: Compiler = compiler(true);
/** The place of a fault may hold names from the value, which a stranger chose: this much of it is told. */
const placeMax = 120;
/** One place where a document does not fit its schema. */
export type SchemaFault = {
  /** JSON pointer; empty for the whole. */
  readonly where: string;
  readonly keyword: string;
  readonly params: { readonly [name: string]: unknown };
  readonly message: string;
};

/**
 * What is wrong with `value` under `schema`, in words; `undefined` when it fits. The same schema
 * object is compiled once.
 * @throws Error when the schema itself is not valid
 */
export function schemaFault(schema: JsonSchema, value: unknown): string | undefined {
  const validate = compiled(brief, schema);
  if (validate(value)) return undefined;
  const [error] = validate.errors ?? [];
  const where = error?.instancePath.slice(0, placeMax) || 'the value';
  return `${where} ${error?.message ?? 'does not fit'}`;
}

/**
 * Every place where `value` does not fit `schema`; none when it fits.
 * @throws Error when the schema itself is not valid
 */
export function schemaFaults(schema: JsonSchema, value: unknown): readonly SchemaFault[] {
  const validate = compiled(thorough, schema);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, keyword, params, message }) => ({
    where: instancePath,
    keyword,
    params,
    message: message ?? 'does not fit',
  }));
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

function compiler(allErrors: boolean): Compiler {
  const ajv = new Ajv2020({ strict: true, allErrors, validateFormats: false });
  return { ajv, done: new WeakMap() };
}

function compiled({ ajv, done }: Compiler, schema: JsonSchema): ValidateFunction {
  const known = done.get(schema);
  if (known !== undefined) return known;
  const validate = ajv.compile(schema);
  // Ajv's own cache would keep every schema for ever, and refuse two that bear one `$id`.
  ajv.removeSchema(schema);
  done.set(schema, validate);
  return validate;
}
