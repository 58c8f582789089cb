import type { DuckDBConnection } from '@duckdb/node-api';
import { AuditError } from './duckdb-error.ts';
import { schemaFormat, schemaStatements } from './duckdb-schema.ts';

/**
 * Makes the tables of a new database, checks those of another, and locks the configuration for good.
 * @throws AuditError DATABASE_INVALID when the tables are not those of this release
 */
export async function prepareDatabase(connection: DuckDBConnection): Promise<void> {
  const found = await connection.runAndReadAll('SELECT table_name FROM duckdb_tables()');
  const names = found.getRowsJson().flat();
  if (names.length === 0) await createSchema(connection);
  else await assertSchema(connection, names.includes('cursor'));
  const zone = await connection.runAndReadAll(
    `SELECT count(*)::INTEGER FROM duckdb_settings() WHERE name = 'TimeZone'`,
  );
  // Where the ICU extension is built in, a TIMESTAMPTZ is read in the machine's zone otherwise.
  if (zone.value(0, 0) === 1) await connection.run(`SET GLOBAL TimeZone = 'UTC'`);
  await connection.run('SET GLOBAL lock_configuration = true');
}

async function createSchema(connection: DuckDBConnection): Promise<void> {
  await connection.run('BEGIN TRANSACTION');
  for (const statement of schemaStatements) await connection.run(statement);
  await connection.run('COMMIT');
}

async function assertSchema(connection: DuckDBConnection, ours: boolean): Promise<void> {
  const reader = ours ? await connection.runAndReadAll('SELECT * FROM cursor') : undefined;
  if (reader?.columnNames().join() === 'records,format' && reader.value(1, 0) === schemaFormat)
    return;
  throw new AuditError(
    'DATABASE_INVALID',
    'not an audit database of this release: name another file, it is made anew from the ledger',
  );
}
