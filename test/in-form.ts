/* What a vault says, held against what the specification says of it. */
import type { Event } from '../wire/event.ts';
import { schemaFault } from '../wire/json-schema.ts';
import type { Answer } from '../wire/messages.ts';
import { answerSchema, resultSchemas, toldSchemas } from '../wire/told-events.ts';

/**
 * An answer that has the form of its schema, and a result that has that of its type.
 * @throws Error for any other
 */
export function inForm<T extends Answer>(answer: T): T {
  const result = answer.status === 'served' ? resultSchemas[answer.type] : undefined;
  const fault =
    schemaFault(answerSchema, answer) ??
    (result && schemaFault(result, (answer as { result?: unknown }).result));
  if (fault !== undefined) throw new Error(`${answer.type}: ${fault}: ${JSON.stringify(answer)}`);
  return answer;
}

/** What is wrong with an event that a vault told a party of its own accord; `undefined` when it is in form. */
export function toldFault({ type, payload }: Event): string | undefined {
  const schema = toldSchemas[type];
  return schema === undefined ? `${type} has no schema` : schemaFault(schema, payload);
}
