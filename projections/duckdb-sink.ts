import { chmod, mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { AuditEntry } from './audit-entry.ts';
import { AuditError, auditError } from './duckdb-error.ts';
import { type ExportFormat, exportTable } from './duckdb-export.ts';
import { prepareDatabase } from './duckdb-prepare.ts';
import { type QueryOptions, type QueryResult, runQuery } from './duckdb-query.ts';
import { replaceRows } from './duckdb-rows.ts';
import type { AuditTable } from './duckdb-schema.ts';

/** Where the database lives, and how much memory it may have. */
export type AuditDatabaseOptions = {
  /** A file; in memory when it is left out. Folders that are missing are made for the owner alone. */
  readonly path?: string;
  /** Nothing is spilled to disk: a query that needs more fails. */
  readonly memoryLimitMiB?: number;
};

type Limits = Record<string, string>;

const defaultMemoryLimitMiB = 1024;

/** Files that this process has open: DuckDB locks a file against other processes only. */
const openFiles = new Set<string>();

/**
 * Opens the database of the audit trail, and makes it where there is none.
 * @throws AuditError DATABASE_LOCKED, DATABASE_INVALID
 */
export async function openAuditDatabase(options: AuditDatabaseOptions): Promise<AuditDatabase> {
  const limits = limitsOf(options);
  const path = options.path === undefined ? undefined : await claim(options.path);
  const release = (): void => {
    if (path !== undefined) openFiles.delete(path);
  };
  let instance: DuckDBInstance | undefined;
  try {
    instance = await DuckDBInstance.create(path ?? ':memory:', {
      ...limits,
      // A commit goes into the file at once: no second file lies beside it.
      wal_autocheckpoint: '0B',
      enable_external_access: 'false',
    });
    const connection = await instance.connect();
    await prepareDatabase(connection);
    if (path !== undefined) await chmod(path, 0o600);
    return new AuditDatabase(instance, connection, limits, release);
  } catch (error) {
    instance?.closeSync();
    release();
    throw openingError(error);
  }
}

/** A DuckDB database of the trail: tables `entries`, `checks` and `cursor`, all times in UTC. */
export class AuditDatabase {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #limits: Limits;
  readonly #release: () => void;
  /** The last piece of work on the connection: a transaction is not for two at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Each runs on a connection of its own. */
  readonly #queries = new Set<Promise<QueryResult>>();
  #closed = false;

  /** Use `openAuditDatabase`. */
  constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    limits: Limits,
    release: () => void,
  ) {
    this.#instance = instance;
    this.#connection = connection;
    this.#limits = limits;
    this.#release = release;
  }

  /** Count of records of the ledger that the rows stand for. */
  cursor(): Promise<number> {
    return this.#inTurn(() => readCursor(this.#connection));
  }

  /**
   * Puts entries in the place of those with the same record, and moves the cursor, in one
   * transaction; doing it again changes nothing.
   * @param cursor - count of records folded; requires entry.record < cursor for each entry
   * @throws AuditError LOAD_FAILED, CURSOR_BEHIND: rows and cursor are as they were
   */
  load(entries: readonly AuditEntry[], cursor: number): Promise<void> {
    return this.#inTurn(async () => {
      const unique = [...new Map(entries.map((entry) => [entry.record, entry])).values()];
      assertCursor(unique, cursor);
      await this.#connection.run('BEGIN TRANSACTION');
      try {
        await moveCursor(this.#connection, cursor);
        await replaceRows(this.#connection, unique);
        // A crash before this line leaves the rows and the cursor of before; after it, the new ones.
        await this.#connection.run('COMMIT');
      } catch (error) {
        await this.#connection.run('ROLLBACK').catch(() => undefined);
        throw auditError('LOAD_FAILED', error);
      }
    });
  }

  /**
   * Runs one query of the owner. It reads no file, changes nothing and sees whole loads only.
   * @throws AuditError SQL_REFUSED, SQL_FAILED, SQL_TIMEOUT
   */
  async query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    if (this.#closed) throw closed();
    const running = runQuery(this.#instance, sql, options);
    this.#queries.add(running);
    try {
      return await running;
    } finally {
      this.#queries.delete(running);
    }
  }

  /**
   * Writes a table to a new file.
   * @throws AuditError EXPORT_FAILED, also when the file is there already
   */
  export(path: string, format: ExportFormat, table: AuditTable = 'entries'): Promise<void> {
    return this.#inTurn(() => exportTable(this.#connection, table, path, format, this.#limits));
  }

  /** Waits for whatever goes on, then closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled([this.#turn, ...this.#queries]);
    this.#connection.closeSync();
    this.#instance.closeSync();
    this.#release();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed());
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function closed(): AuditError {
  return new AuditError('CLOSED', 'the audit database is closed');
}

/** Options of DuckDB, in their order: no folder can be set once external access is off. */
function limitsOf({ memoryLimitMiB = defaultMemoryLimitMiB }: AuditDatabaseOptions): Limits {
  return {
    temp_directory: '',
    memory_limit: `${memoryLimitMiB}MiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  };
}

/** The file's real path, marked as open here. */
async function claim(path: string): Promise<string> {
  let file: string;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    file = await realpath(path).catch(async () =>
      join(await realpath(dirname(path)), basename(path)),
    );
  } catch (error) {
    throw auditError('DATABASE_INVALID', error);
  }
  if (openFiles.has(file)) throw new AuditError('DATABASE_LOCKED', `${file} is open already`);
  openFiles.add(file);
  return file;
}

function openingError(error: unknown): AuditError {
  const message = error instanceof Error ? error.message : '';
  const locked = /lock on file|used by another process/i.test(message);
  return auditError(locked ? 'DATABASE_LOCKED' : 'DATABASE_INVALID', error);
}

async function readCursor(connection: DuckDBConnection): Promise<number> {
  const reader = await connection.runAndReadAll('SELECT records FROM cursor');
  return Number(reader.value(0, 0));
}

function assertCursor(entries: readonly AuditEntry[], cursor: number): void {
  if (!Number.isSafeInteger(cursor) || cursor < 0)
    throw new AuditError('LOAD_FAILED', `not a count of records: ${cursor}`);
  const ahead = entries.find(({ record }) => record >= cursor);
  if (ahead !== undefined)
    throw new AuditError('LOAD_FAILED', `entry ${ahead.record} is beyond the cursor ${cursor}`);
}

async function moveCursor(connection: DuckDBConnection, cursor: number): Promise<void> {
  const before = await readCursor(connection);
  if (cursor < before)
    throw new AuditError(
      'CURSOR_BEHIND',
      `the database stands at ${before}, the load at ${cursor}`,
    );
  await connection.run('UPDATE cursor SET records = $1', [BigInt(cursor)]);
}
