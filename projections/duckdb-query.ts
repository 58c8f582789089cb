import {
  type DuckDBConnection,
  type DuckDBInstance,
  type DuckDBPreparedStatement,
  StatementType,
} from '@duckdb/node-api';
import { AuditError, auditError } from './duckdb-error.ts';
import { plainValue } from './duckdb-values.ts';

/** Rows that a query gives unless told otherwise. */
const defaultRowLimit = 10_000;

const defaultTimeoutMs = 60_000;

/** How far a query may go. */
export type QueryOptions = { readonly rowLimit?: number; readonly timeoutMs?: number };

/** What a query gave: `rows` hold plain values in the order of `columns`. */
export type QueryResult = {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  /** Whether there were more rows than the limit. */
  readonly truncated: boolean;
};

// A table function can do more than read: `SELECT * FROM enable_logging(...)` changes settings
// although the configuration is locked, and takes the process down when it may not write its file.
const tableFunctions: ReadonlySet<string> = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'json_each',
  'json_tree',
  'histogram',
  'histogram_values',
  'pragma_table_info',
  'pragma_version',
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_keywords',
  'duckdb_tables',
  'duckdb_types',
  'duckdb_views',
]);

/**
 * Runs one query of the owner on a connection of its own, in a read-only transaction.
 * @throws AuditError SQL_REFUSED, SQL_FAILED, SQL_TIMEOUT
 */
export async function runQuery(
  instance: DuckDBInstance,
  sql: string,
  { rowLimit = defaultRowLimit, timeoutMs = defaultTimeoutMs }: QueryOptions,
): Promise<QueryResult> {
  const connection = await instance.connect();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.interrupt();
  }, timeoutMs);
  try {
    await connection.run('BEGIN TRANSACTION READ ONLY');
    const statement = await prepareQuery(connection, sql);
    return await fetchRows(statement, rowLimit);
  } catch (error) {
    if (late) throw new AuditError('SQL_TIMEOUT', `the query took over ${timeoutMs} ms`, error);
    throw refusalOrFailure(error);
  } finally {
    clearTimeout(timer);
    // Ends the transaction, and whatever the query changed in its session.
    connection.closeSync();
  }
}

async function prepareQuery(
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBPreparedStatement> {
  await examine(connection, sql);
  const extracted = await connection.extractStatements(sql);
  if (extracted.count !== 1) throw refused(`${extracted.count} statements`);
  const statement = await extracted.prepare(0);
  if (statement.statementType === StatementType.SELECT) return statement;
  throw refused(`a ${StatementType[statement.statementType]} statement`);
}

/** Reads the syntax tree that DuckDB makes of `sql`, before anything is bound or run. */
async function examine(connection: DuckDBConnection, sql: string): Promise<void> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql(CAST($1 AS VARCHAR))', [
    sql,
  ]);
  const tree = JSON.parse(String(reader.value(0, 0))) as {
    error: boolean;
    error_type?: string;
    error_message?: string;
    statements?: unknown[];
  };
  if (tree.error && tree.error_type === 'parser')
    throw new AuditError('SQL_FAILED', `Parser Error: ${tree.error_message}`);
  if (tree.error || tree.statements === undefined) throw refused('a statement that is no query');
  if (tree.statements.length !== 1) throw refused(`${tree.statements.length} statements`);
  for (const name of calledTables(tree.statements))
    if (!tableFunctions.has(name)) throw refused(`the table function ${name}`);
}

/** Names of the table functions that a syntax tree calls, in lower case. */
function* calledTables(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  const { type, function: call } = node as {
    type?: unknown;
    function?: { function_name?: string };
  };
  if (type === 'TABLE_FUNCTION') yield String(call?.function_name).toLowerCase();
  for (const child of Object.values(node)) yield* calledTables(child);
}

async function fetchRows(
  statement: DuckDBPreparedStatement,
  rowLimit: number,
): Promise<QueryResult> {
  const result = await statement.stream();
  const columns = result
    .columnNames()
    .map((name, index) => ({ name, type: result.columnType(index).toString() }));
  const rows: unknown[][] = [];
  for (let chunk = await result.fetchChunk(); chunk; chunk = await result.fetchChunk()) {
    if (chunk.rowCount === 0) break;
    for (const row of chunk.getRows()) {
      if (rows.length >= rowLimit) return { columns, rows, truncated: true };
      rows.push(row.map(plainValue));
    }
  }
  return { columns, rows, truncated: false };
}

function refused(what: string): AuditError {
  return new AuditError(
    'SQL_REFUSED',
    `${what} is refused: one query at a time (SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES)`,
  );
}

function refusalOrFailure(error: unknown): AuditError {
  const message = error instanceof Error ? error.message : '';
  return auditError(/^Permission Error/.test(message) ? 'SQL_REFUSED' : 'SQL_FAILED', error);
}
