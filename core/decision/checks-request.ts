import { entryValueBytesMax } from '../../wire/entry.ts';
import { schemaFault } from '../../wire/json-schema.ts';
import { payloadOfType } from './agent.ts';
import { type CheckFunction, fail, pass } from './check-result.ts';
import { commandFault } from './checks-command.ts';
import { onceKey } from './context.ts';

/** Most fields that one request may ask for. */
const fieldsMax = 200;

/** Check 5: the standard or a handler of this vault knows the event type, in this space. */
export const eventTypeCheck: CheckFunction = ({ received, subject, wireType, handler }) => {
  const type = received.event?.type ?? null;
  const inputs = { type, handler: handler?.manifest.name ?? null };
  if (wireType !== undefined)
    return wireType.space === subject?.space
      ? pass(inputs)
      : fail('event_unsupported', `${type} does not belong to this space`, inputs);
  if (handler === undefined || subject?.space !== 'message')
    return fail('event_unsupported', `no handler serves ${type}`, inputs);
  return pass(inputs);
};

/**
 * Check 6: the payload fits its schema, names what is there, and what may happen only once has not
 * happened.
 */
export const payloadCheck: CheckFunction = (context) => {
  const { received, wireType, handledType, state, fields, connection } = context;
  const type = { type: received.event?.type ?? null };
  const schema = wireType?.request ?? handledType?.request;
  const sent = received.event?.payload;
  const payload =
    wireType !== undefined || sent === undefined ? sent : payloadOfType(connection, sent);
  const fault = schema === undefined ? 'there is no schema' : schemaFault(schema, payload);
  if (fault !== undefined) return fail('schema_invalid', fault, type);
  if ((received.valueBytes ?? 0) > entryValueBytesMax)
    return fail('too_large', `a value of ${received.valueBytes} bytes`, type);
  if (fields.length > fieldsMax) return fail('too_large', `${fields.length} fields`, type);
  const wrong = commandFault(context);
  if (wrong !== undefined) return fail(wrong.reason, wrong.detail, type);
  const once = onceKey(context);
  const inputs = once === undefined ? type : { ...type, once };
  if (once !== undefined && state.once.has(once))
    return fail('duplicate', `record ${state.once.get(once)} did this already`, inputs);
  return pass(inputs);
};
