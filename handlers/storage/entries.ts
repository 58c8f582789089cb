import type { Answer, Call, Host } from '../sdk/types.ts';

type Entry = { readonly category: string; readonly key: string };
type Listing = { readonly category: string; readonly after?: string };

/** Keys that one answer holds. */
const keysMax = 200;

/** States that the value which came with this call is to be kept. The host has it; this program never sees it. */
export async function putEntry(call: Call): Promise<Answer> {
  const { category, key } = call.event.payload as Entry;
  return { result: { category, key }, effects: [{ type: 'entry.stored', category, key }] };
}

/** The value of an entry; null where there is none. */
export async function getEntry(call: Call, host: Pick<Host, 'entry'>): Promise<Answer> {
  const { category, key } = call.event.payload as Entry;
  const value = await host.entry(category, key);
  return { result: { category, key, value: value ?? null } };
}

/** Keys of a category, sorted, a page at a time. */
export async function listEntries(call: Call, host: Pick<Host, 'entries'>): Promise<Answer> {
  const { category, after = '' } = call.event.payload as Listing;
  const keys = (await host.entries(category, after)).slice(0, keysMax);
  const last = keys.at(-1);
  const more = last !== undefined && (await host.entries(category, last)).length > 0;
  return { result: { category, keys, more } };
}

/** States that an entry is to go, whether there is one or not. */
export async function deleteEntry(call: Call): Promise<Answer> {
  const { category, key } = call.event.payload as Entry;
  return { result: { category, key }, effects: [{ type: 'entry.deleted', category, key }] };
}
