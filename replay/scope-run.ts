import { equalBytes } from '../wire/bytes.ts';
import { isSaid, type Said } from './receipt-contents.ts';
import { ReceiptError } from './receipt-error.ts';
import type { Disclosed, ProvenRecord } from './receipt-records.ts';

/** One end of a run of records. */
export type RunEnd = {
  readonly record: number;
  /** How many records of the scope stand before it. */
  readonly scope_index: number;
  /** Unix milliseconds. */
  readonly time: number;
};

/** A run of one connection's records with none left out. */
export type ConnectionSummary = {
  readonly about: 'connection';
  readonly basis: 'records';
  readonly connection: string;
  readonly scope: string;
  readonly count: number;
  /** How many of them are open; the others show their kind, time and place. */
  readonly opened: number;
  /** With scope index 0 nothing of this connection stands before it. */
  readonly first: RunEnd;
  readonly last: RunEnd;
};

/**
 * Proves that these are all records of one scope from the first to the last of them. Each open record says
 * how many stand before it and which the last of those is; a closed one has its place by those around it.
 * @throws ReceiptError that names what is missing, doubled, exchanged or foreign
 */
export function connectionSummary(records: readonly ProvenRecord[]): ConnectionSummary {
  const [first, last] = [records[0], records.at(-1)];
  const at = records.findIndex(({ disclosed }) => disclosed !== undefined);
  const anchor = records[at]?.disclosed;
  if (first === undefined || last === undefined || anchor === undefined)
    throw new ReceiptError('RECORD_MISSING', 'no open record says where these stand');
  if (last.disclosed === undefined)
    throw new ReceiptError('SCOPE_LINK', 'a closed record with none after it', last.index);
  // Two closed ones could have another between them, with the first of them counted in its place.
  if (at > 1)
    throw new ReceiptError('SCOPE_LINK', 'it begins with two closed records', first.index);
  const start = anchor.scopeIndex - at;
  if (start < 0)
    throw new ReceiptError('RECORD_FOREIGN', 'more records than its scope has', first.index);
  for (const [offset, record] of records.entries())
    expectInRun(record, records[offset - 1], first.scope, start + offset);
  return {
    about: 'connection',
    basis: 'records',
    connection: connectionOf(records),
    scope: first.scope,
    count: records.length,
    opened: records.filter(({ disclosed }) => disclosed !== undefined).length,
    first: { record: first.index, scope_index: start, time: first.time },
    last: { record: last.index, scope_index: start + records.length - 1, time: last.time },
  };
}

function expectInRun(
  { index, scope, disclosed }: ProvenRecord,
  before: ProvenRecord | undefined,
  runScope: string,
  place: number,
): void {
  if (scope !== runScope)
    throw new ReceiptError('RECORD_FOREIGN', `record ${index} is of another scope`, index);
  if (disclosed === undefined) return;
  const { scopeIndex } = disclosed;
  if (scopeIndex > place)
    throw new ReceiptError(
      'RECORD_MISSING',
      `${scopeIndex - place} of the scope missing before record ${index}`,
      index,
    );
  if (scopeIndex < place)
    throw new ReceiptError('RECORD_FOREIGN', `too many records before record ${index}`, index);
  if (!linksTo(disclosed, before))
    throw new ReceiptError('SCOPE_LINK', `another one stands before record ${index}`, index);
}

/** What stands before the first of a run is not in it. */
function linksTo({ scopePrevious }: Disclosed, before: ProvenRecord | undefined): boolean {
  if (before === undefined) return true;
  return scopePrevious !== null && equalBytes(scopePrevious, before.leaf);
}

/** The one connection that all open records are about. */
function connectionOf(records: readonly ProvenRecord[]): string {
  let connection: string | undefined;
  for (const { index, kind, disclosed } of records) {
    if (disclosed === undefined) continue;
    const named = isSaid(kind) ? namedIn(disclosed) : undefined;
    if (named === undefined || (connection ?? named) !== named)
      throw new ReceiptError('RECORD_FOREIGN', `record ${index} is of another connection`, index);
    connection = named;
  }
  return connection ?? '';
}

function namedIn({ contents }: Disclosed): string | undefined {
  const { connection, request } = contents as Partial<Said['invited'] & Said['expired']>;
  return connection ?? request?.slice(0, request.indexOf('/'));
}
