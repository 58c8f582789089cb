import type { Sent } from './forgery.ts';
import { expect, fault, inWords, isRefused } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { endOf, refusedAs, rich } from './requests-rules.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';
import { category, richTerms } from './terms.ts';

const rule = ofPage('requests.md');
const section = 'Stored entries';
const type = 'storage.put';
/** Longest value, in bytes. */
const valueMax = 65_536;
/** What an entry counts beside its own bytes. */
const entryBytes = 64;
const quota = 1_000_000;

const put = (peer: Peer, key: string, value: string, of: string = category): Sent =>
  peer.forge(type, { category: of, key, value });
const about = (what: 'get' | 'delete', peer: Peer, key: string, of: string = category): Sent =>
  peer.forge(`storage.${what}`, { category: of, key });
const list = (peer: Peer): Sent => peer.forge('storage.list', { category });

type Result = Readonly<Record<string, unknown>>;

/** What is served, or a refusal in words. */
function resultOf(told: Told | undefined): Result {
  return told?.answer.status === 'served' ? (told.answer.result as Result) : { is: inWords(told) };
}

/** An entry that is read has that value. */
async function reads(peer: Peer, key: string, wanted: string | null): Promise<Verdict> {
  const { value, is } = resultOf(await endOf(peer, about('get', peer, key)));
  return expect(value === wanted, `${key}: ${wanted}`, String(is ?? value));
}

const storing = (
  id: string,
  says: string,
  check: (peer: Peer, lab: Lab) => Promise<Verdict>,
): Rule => rule(id, section, says, async (lab) => check(await rich(lab, type), lab));

export const storageRules: readonly Rule[] = [
  storing('stored', 'What a party stores it reads again.', async (peer) => {
    const told = await endOf(peer, put(peer, 'stored', 'first'));
    if (told?.answer.status !== 'served') return fault('served', inWords(told));
    return reads(peer, 'stored', 'first');
  }),
  storing('stored-again', 'Storing under a key that is there replaces its value.', async (peer) => {
    await endOf(peer, put(peer, 'again', 'first'));
    await endOf(peer, put(peer, 'again', 'second'));
    return reads(peer, 'again', 'second');
  }),
  storing('stored-list', 'The keys of a category are listed, sorted.', async (peer) => {
    for (const key of ['list-b', 'list-a']) await endOf(peer, put(peer, key, 'x'));
    const { keys, is } = resultOf(await endOf(peer, list(peer)));
    if (!Array.isArray(keys)) return fault('keys', String(is));
    const found = keys.filter((key) => String(key).startsWith('list-')).join(' ');
    return expect(found === 'list-a list-b', 'list-a list-b', found);
  }),
  storing('stored-deleted', 'What is deleted is not there any more.', async (peer) => {
    await endOf(peer, put(peer, 'deleted', 'x'));
    const told = await endOf(peer, about('delete', peer, 'deleted'));
    if (told?.answer.status !== 'served') return fault('served', inWords(told));
    return reads(peer, 'deleted', null);
  }),
  storing('stored-own', 'A party reaches its own entries and no others.', async (peer, lab) => {
    await endOf(peer, put(peer, 'own', 'x'));
    const { peer: other } = await lab.under('other-rich', () => richTerms);
    return reads(other, 'own', null);
  }),
  storing('stored-category', 'A category that the contract does not have is refused.', (peer) =>
    refusedAs(peer, ['another', put(peer, 'a', 'x', 'another')], 'category_not_allowed'),
  ),
  storing(
    'stored-key',
    'A key or category of another form is refused.',
    async (peer) =>
      (await refusedAs(peer, ['a key with a space', put(peer, 'a b', 'x')], 'schema_invalid')) ??
      refusedAs(peer, ['a category in capitals', put(peer, 'a', 'x', 'Notes')], 'schema_invalid'),
  ),
  storing(
    'stored-size',
    'A value of more than 65,536 bytes is refused; one of as many is not.',
    async (peer) => {
      const most = await endOf(peer, put(peer, 'size', 'x'.repeat(valueMax)));
      if (most?.answer.status !== 'served') return fault('65,536 bytes: served', inWords(most));
      const longer = 'é'.repeat(valueMax / 2 + 1);
      return refusedAs(peer, ['65,538 bytes', put(peer, 'size', longer)], 'too_large');
    },
  ),
  storing(
    'stored-quota',
    'More than the contract allows in all is refused, and reading goes on.',
    async (peer) => {
      const most = Math.ceil(quota / (valueMax + entryBytes));
      const keys = Array.from({ length: most }, (_, at) => `quota-${at}`);
      const value = 'x'.repeat(valueMax);
      const told = await Promise.all(keys.map((key) => endOf(peer, put(peer, key, value))));
      const read = await endOf(peer, about('get', peer, 'quota-0'));
      await Promise.all(keys.map((key) => endOf(peer, about('delete', peer, key))));
      const full = told.some((one) => one && isRefused(one.answer, ['storage_quota']));
      if (!full) return fault('one refused as storage_quota', told.map(inWords).join(', '));
      return expect(read?.answer.status === 'served', 'what is there served', inWords(read));
    },
  ),
];
