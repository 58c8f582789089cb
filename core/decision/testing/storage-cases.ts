import type { EntryAsked } from '../../../ledger/decision.ts';
import { megabyte } from '../../../wire/entry.ts';
import type { HandledType } from '../../../wire/manifest.ts';
import { fail, pass, plain, type RecordedCase } from './recorded-cases.ts';
import { handlersWith } from './scenario-handlers.ts';
import { given } from './scenario-state.ts';

/*
 * What is recorded about entries that services store, read and list: which entry, and what it counts. Their types'
 * schemas take anything here: what a handler lets through must not confuse the vault.
 */

const granted = { permission: 'store', granted: true };
const most = megabyte;
/** `notes`, `A-1` and 64 bytes for the entry. */
const counts = 72;
const all = { category: 'category', key: 'key', value: 'value' };

/** Cases of the permission check, with the entry that each is about. */
export const storageCases: readonly (RecordedCase & { readonly entry: EntryAsked | undefined })[] =
  [
    storing('a type that stores', all, {
      recorded: pass({ ...granted, category: 'notes', held: 0, bytes: counts, most }),
      entry: { category: 'notes', key: 'A-1', bytes: counts },
    }),
    storing('exactly as much as there is room for', all, {
      held: most - counts,
      recorded: pass({ ...granted, category: 'notes', held: most - counts, bytes: counts, most }),
      entry: { category: 'notes', key: 'A-1', bytes: counts },
    }),
    storing('one byte more', all, {
      held: most - counts + 1,
      recorded: fail('storage_quota', 'the contract stores no more than it has', {
        ...{ ...granted, category: 'notes', held: most - counts + 1, bytes: counts, most },
      }),
      entry: { category: 'notes', key: 'A-1', bytes: counts },
    }),
    storing(
      'a type that reads',
      { category: 'category', key: 'key' },
      {
        recorded: pass({ ...granted, category: 'notes' }),
        entry: { category: 'notes', key: 'A-1' },
      },
    ),
    storing(
      'a type that lists',
      { category: 'category' },
      {
        recorded: pass({ ...granted, category: 'notes' }),
        entry: { category: 'notes' },
      },
    ),
    storing('a key that is a number', all, {
      payload: { category: 'notes', key: 1, value: '' },
      recorded: pass({ ...granted, category: 'notes' }),
      entry: { category: 'notes' },
    }),
    storing('a category that is a number', all, {
      payload: { category: 1, key: 'A-1', value: '' },
      recorded: pass(granted),
      entry: undefined,
    }),
  ];

function storing(
  about: string,
  entry: NonNullable<HandledType['entry']>,
  said: {
    readonly held?: number;
    readonly payload?: object;
    readonly recorded: RecordedCase['recorded'];
    readonly entry: EntryAsked | undefined;
  },
): (typeof storageCases)[number] {
  const { held = 0, payload } = said;
  const { connection: usual } = plain;
  if (usual?.contract === undefined) throw new Error('there is a contract');
  const contract = {
    ...usual.contract,
    storage: { categories: ['notes'], megabytes: 1 },
  };
  const stored = { bytes: held, replaced: 0 };
  const connection = { ...usual, contract, stored };
  const { state, received } = given({ ...plain, type: 'storage.put', connection });
  const { event } = received;
  if (event === undefined) throw new Error('it opens');
  return {
    about,
    state: { ...state, handlers: handlersWith('storage.put', { request: {}, entry }) },
    received:
      payload === undefined
        ? received
        : { ...received, event: { ...event, payload: payload as never } },
    check: 'permission',
    recorded: said.recorded,
    entry: said.entry,
  };
}
