import { encode, type MsgpackValue } from '../../wire/msgpack.ts';

/** A page has to fit into one sealed event, with one item more than there is room for. */
const pageBytesMax: number = 48 * 1024;

/** Something that is shown to the owner's app, described when its page comes. */
export type Item = {
  /** Where it stands: the order of items is that of their marks, whatever comes and goes between two pages. */
  readonly mark: string;
  readonly describe: () => unknown;
};

/** Some items as they are shown, and the mark that the next page begins at; null after the last. */
export type Page = {
  readonly shown: readonly { readonly mark: string; readonly value: unknown }[];
  readonly next: string | null;
};

/** The first items from `from` on, one at least, that fit into a page. */
export function pageOf(items: readonly Item[], from = ''): Page {
  const left = items.filter(({ mark }) => mark >= from).sort((a, b) => (a.mark < b.mark ? -1 : 1));
  const shown: { mark: string; value: unknown }[] = [];
  let bytes = 0;
  for (const { mark, describe } of left) {
    const value = describe();
    bytes += encode(value as MsgpackValue).length;
    if (shown.length > 0 && bytes > pageBytesMax) return { shown, next: mark };
    shown.push({ mark, value });
  }
  return { shown, next: null };
}
