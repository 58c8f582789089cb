import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { auditError } from './duckdb-error.ts';
import type { AuditTable } from './duckdb-schema.ts';

/** Formats of an export. */
export type ExportFormat = 'parquet' | 'csv';

const copyOptions: Readonly<Record<ExportFormat, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: 'FORMAT csv, HEADER',
};

/**
 * Writes one table to a new file that only its owner can read. The database itself can reach no
 * file for good, so the rows go to a second one in memory that runs no statement of anybody else.
 * @throws AuditError EXPORT_FAILED; no half-written file is left
 */
export async function exportTable(
  source: DuckDBConnection,
  table: AuditTable,
  path: string,
  format: ExportFormat,
  limits: Record<string, string>,
): Promise<void> {
  const file = resolve(path);
  try {
    // `wx`: a file that is there is never written over.
    await (await open(file, 'wx', 0o600)).close();
  } catch (error) {
    throw auditError('EXPORT_FAILED', error);
  }
  try {
    await copyOut(source, table, file, format, limits);
  } catch (error) {
    await rm(file, { force: true });
    throw auditError('EXPORT_FAILED', error);
  }
}

async function copyOut(
  source: DuckDBConnection,
  table: AuditTable,
  file: string,
  format: ExportFormat,
  limits: Record<string, string>,
): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', limits);
  const target = await instance.connect();
  try {
    await copyTable(source, target, table);
    const quoted = file.replaceAll("'", "''");
    const order = table === 'entries' ? 'record' : 'record, position';
    await target.run(
      `COPY (FROM ${table} ORDER BY ${order}) TO '${quoted}' (${copyOptions[format]}, USE_TMP_FILE false)`,
    );
  } finally {
    target.closeSync();
    instance.closeSync();
  }
}

async function copyTable(
  source: DuckDBConnection,
  target: DuckDBConnection,
  table: AuditTable,
): Promise<void> {
  const result = await source.stream(`FROM ${table}`);
  const columns = result
    .columnNames()
    .map((name, index) => `"${name}" ${result.columnType(index)}`);
  await target.run(`CREATE TABLE ${table} (${columns.join(', ')})`);
  const appender = await target.createAppender(table);
  try {
    for (let chunk = await result.fetchChunk(); chunk; chunk = await result.fetchChunk()) {
      if (chunk.rowCount === 0) break;
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}
