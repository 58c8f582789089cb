import { expect, it } from 'vitest';
import { deleteEntry, getEntry, listEntries, putEntry } from './entries.ts';

const call = (payload: unknown) => ({
  call: '1',
  type: 'storage.put',
  event: { id: 'event-1', time: 1, payload },
  vault: 'vault-1',
  connection: 'connection-1',
  party: 'party-1',
});
const entry = { category: 'orders', key: 'A-1' };

it('states what is to be kept and what is to go, and never a value', async () => {
  const put = await putEntry(call({ ...entry, value: '' }));
  expect(put).toEqual({ result: entry, effects: [{ type: 'entry.stored', ...entry }] });
  const gone = await deleteEntry(call(entry));
  expect(gone).toEqual({ result: entry, effects: [{ type: 'entry.deleted', ...entry }] });
});

it('gives the value of an entry, or null', async () => {
  const host = { entry: async (_: string, key: string) => (key === 'A-1' ? 'two' : undefined) };
  expect(await getEntry(call(entry), host)).toEqual({ result: { ...entry, value: 'two' } });
  const other = { ...entry, key: 'B-1' };
  expect(await getEntry(call(other), host)).toEqual({ result: { ...other, value: null } });
});

it('lists keys a page at a time, and says when there are more', async () => {
  const all = Array.from({ length: 450 }, (_, at) => `k${String(at).padStart(3, '0')}`);
  const host = {
    entries: async (_: string, after: string) => all.filter((key) => key > after).slice(0, 200),
  };
  const pages: string[][] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const payload = after === '' ? { category: 'orders' } : { category: 'orders', after };
    const { result } = await listEntries(call(payload), host);
    const { keys, more } = result as { keys: string[]; more: boolean };
    pages.push(keys);
    after = more ? keys.at(-1) : undefined;
  }
  expect(pages.map(({ length }) => length)).toEqual([200, 200, 50]);
  expect(pages.flat()).toEqual(all);
});
