import { setImmediate } from 'node:timers/promises';
import {
  BIGINT,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBTimestampValue,
  type DuckDBValue,
  LIST,
  listValue,
} from '@duckdb/node-api';
import type { Check } from '../ledger/decision.ts';
import { toHex } from '../wire/bytes.ts';
import type { AuditEntry } from './audit-entry.ts';
import {
  type AuditTable,
  type ColumnKind,
  checkColumns,
  columnTypes,
  entryColumns,
} from './duckdb-schema.ts';

/** Rows that DuckDB takes in one chunk. */
const chunkRowsMax = 2048;

type Row = Readonly<Record<string, unknown>>;

/**
 * Replaces the rows of `entries` inside the transaction that is open on `connection`.
 * @throws Error of DuckDB or a RangeError; the caller rolls back
 */
export async function replaceRows(
  connection: DuckDBConnection,
  entries: readonly AuditEntry[],
): Promise<void> {
  await deleteRows(connection, entries);
  await append(connection, 'entries', entryColumns, entries);
  await append(connection, 'checks', checkColumns, checkRows(entries));
}

async function deleteRows(
  connection: DuckDBConnection,
  entries: readonly AuditEntry[],
): Promise<void> {
  const reader = await connection.runAndReadAll('SELECT max(record) FROM entries');
  const newest = reader.value(0, 0);
  const old = entries
    .map(({ record }) => BigInt(record))
    .filter((record) => typeof newest === 'bigint' && record <= newest);
  if (old.length === 0) return;
  for (const table of ['entries', 'checks'])
    await connection.run(
      `DELETE FROM ${table} WHERE record IN (SELECT unnest($1))`,
      [listValue(old)],
      [LIST(BIGINT)],
    );
}

/** Appends `rows` in chunks; whatever fails, the appender is empty when it closes. */
async function append(
  connection: DuckDBConnection,
  table: AuditTable,
  columns: Readonly<Record<string, ColumnKind>>,
  rows: Iterable<Row>,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    for (const batch of batches(rows)) {
      appendBatch(appender, columns, batch);
      // A long load leaves the process its turns: appending itself is synchronous.
      await setImmediate();
    }
    appender.flushSync();
  } catch (error) {
    // Closing flushes what is left, and after a rollback that would be outside any transaction.
    appender.clear();
    throw error;
  } finally {
    appender.closeSync();
  }
}

function appendBatch(
  appender: DuckDBAppender,
  columns: Readonly<Record<string, ColumnKind>>,
  rows: readonly Row[],
): void {
  const kinds = Object.entries(columns);
  const chunk = DuckDBDataChunk.create(
    kinds.map(([, kind]) => columnTypes[kind]),
    rows.length,
  );
  chunk.setColumns(
    kinds.map(([name, kind]) => {
      const convert = converters[kind];
      return rows.map((row) => (row[name] === null ? null : convert(row[name])));
    }),
  );
  appender.appendDataChunk(chunk);
}

const converters: { readonly [K in ColumnKind]: (value: unknown) => DuckDBValue } = {
  integer: (value) => BigInt(value as number),
  position: (value) => value as number,
  real: (value) => value as number,
  text: (value) => text(value),
  time: (value) => new DuckDBTimestampValue(BigInt(value as number) * 1000n),
  texts: (value) => listValue((value as readonly unknown[]).map(text)),
};

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`not a text: ${typeof value}`);
  return value;
}

function* checkRows(entries: readonly AuditEntry[]): Generator<Row> {
  for (const { record, checks } of entries)
    for (const [position, check] of checks.entries()) yield checkRow(record, position, check);
}

function checkRow(record: number, position: number, check: Check): Row {
  return {
    record,
    position,
    name: check.check,
    result: check.result,
    reason: check.reason ?? null,
    detail: check.detail ?? null,
    inputs: JSON.stringify(check.inputs, plainInput),
  };
}

function plainInput(_name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  return typeof value === 'bigint' ? value.toString() : value;
}

function* batches(rows: Iterable<Row>): Generator<Row[]> {
  let batch: Row[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < chunkRowsMax) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
