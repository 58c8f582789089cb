import { entryKey } from '../../projections/vault-state.ts';
import { megabyte } from '../../wire/entry.ts';
import { type CheckFunction, type Found, fail, type Inputs, pass, skip } from './check-result.ts';
import { type CheckContext, entryAsked } from './context.ts';

/**
 * Check 8: the contract gives the permission that this event type needs; of what is stored, the category too, and there
 * is room for it. Of an agent a scope is for this type first, whatever permission it needs.
 */
export const permissionCheck: CheckFunction = (context) => {
  const { agent } = context;
  if (agent === undefined) return permitted(context);
  const words = { scopes: agent.ofType.map(({ name }) => name) };
  const isFor = agent.scopes.length > 0 || (agent.ofType.length > 0 && context.fields.length > 0);
  if (!isFor) return fail('permission_missing', 'no scope of the grant is for this', words);
  const found = permitted(context);
  return found.result === 'skip'
    ? pass(words)
    : { ...found, inputs: { ...words, ...found.inputs } };
};

function permitted(context: CheckContext): Found {
  const { contract, handledType } = context;
  const permission = handledType?.permission;
  if (permission === undefined) return skip('this event type needs no permission');
  const granted = contract?.permissions[permission] ?? false;
  const inputs = { permission, granted };
  if (!granted)
    return fail('permission_missing', `the contract does not permit ${permission}`, inputs);
  return storageCheck(context, inputs);
}

function storageCheck(context: CheckContext, granted: Inputs): ReturnType<CheckFunction> {
  const entry = entryAsked(context);
  if (entry === undefined) return pass(granted);
  const { categories = [], megabytes = 0 } = context.contract?.storage ?? {};
  const { category, bytes } = entry;
  if (!categories.includes(category))
    return fail('category_not_allowed', `the contract stores no ${category}`, {
      ...granted,
      category,
    });
  if (bytes === undefined) return pass({ ...granted, category });
  const held = (context.connection?.stored?.bytes ?? 0) - replaced(context, entry.key ?? '');
  const inputs = { ...granted, category, held, bytes, most: megabytes * megabyte };
  return held + bytes <= inputs.most
    ? pass(inputs)
    : fail('storage_quota', 'the contract stores no more than it has', inputs);
}

/** What the entry of this key counts now: it makes room for the new one. */
function replaced(context: CheckContext, key: string): number {
  const { received, state } = context;
  const { category = '' } = entryAsked(context) ?? {};
  return state.entries.get(entryKey(received.connection, category, key))?.bytes ?? 0;
}
