import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from './audit-entry.ts';
import { checkColumns, entryColumns } from './duckdb-schema.ts';
import { type AuditDatabase, openAuditDatabase } from './duckdb-sink.ts';
import { makeEntries, makeEntry } from './testing/entries.ts';

const run = promisify(execFile);

describe('the audit database', () => {
  let folder: string;
  const open: AuditDatabase[] = [];

  const opened = async (path?: string): Promise<AuditDatabase> => {
    const database = await openAuditDatabase(path === undefined ? {} : { path });
    open.push(database);
    return database;
  };
  const scalar = async (database: AuditDatabase, sql: string): Promise<unknown> =>
    (await database.query(sql)).rows[0]?.[0];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cambium-audit-'));
  });

  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('holds one row for each entry and one for each check', async () => {
    const database = await opened();
    const entries = makeEntries(5000);
    await database.load(entries, 5000);
    expect(await database.cursor()).toBe(5000);
    expect(await scalar(database, 'SELECT count(*) FROM entries')).toBe(5000);
    expect(await scalar(database, 'SELECT count(*) FROM checks')).toBe(
      entries.reduce((sum, { checks }) => sum + checks.length, 0),
    );
  });

  it('gives every member back as it was', async () => {
    const database = await opened();
    const entry = makeEntry({
      record: 7,
      name: 'nul \0 and 漢字 and \x1b[31m',
      fields_provided: [],
      handler_ms: 1.25,
      checks: [
        {
          check: 'fields',
          result: 'fail',
          reason: 'field_not_in_contract',
          detail: 'why',
          inputs: { bytes: new Uint8Array([1, 255]), big: 2n ** 70n, text: 'a' },
        },
        { check: 'rate', result: 'skip', inputs: {} },
      ],
    });
    await database.load([entry], 8);
    const { columns, rows } = await database.query('FROM entries');
    expect(columns.map(({ name }) => name)).toEqual(Object.keys(entryColumns));
    const row = Object.fromEntries(columns.map(({ name }, index) => [name, rows[0]?.[index]]));
    const { checks: _, ...members } = entry;
    const iso = (time: number | null): string | null =>
      time === null ? null : new Date(time).toISOString().replace('.000Z', 'Z');
    expect(row).toEqual({
      ...members,
      time: iso(entry.time),
      consent_asked_at: iso(entry.consent_asked_at),
      consent_decided_at: iso(entry.consent_decided_at),
      decided_at: iso(entry.decided_at),
      responded_at: iso(entry.responded_at),
    });
    const checks = await database.query('FROM checks ORDER BY position');
    expect(checks.columns.map(({ name }) => name)).toEqual(Object.keys(checkColumns));
    expect(checks.rows).toEqual([
      [
        7,
        0,
        'fields',
        'fail',
        'field_not_in_contract',
        'why',
        '{"bytes":"01ff","big":"1180591620717411303424","text":"a"}',
      ],
      [7, 1, 'rate', 'skip', null, null, '{}'],
    ]);
  });

  it('replaces an entry that has changed, and loading again changes nothing', async () => {
    const database = await opened();
    const entries = makeEntries(10);
    await database.load(entries, 10);
    const changed = { ...(entries[4] as AuditEntry), decision: 'failed', checks: [] } as const;
    await database.load([changed, makeEntry({ record: 10 })], 11);
    await database.load([changed, changed, makeEntry({ record: 10 })], 11);
    const { rows } = await database.query(
      'SELECT count(*), count(DISTINCT record), count(*) FILTER (record = 4) FROM entries',
    );
    expect(rows).toEqual([[11, 11, 1]]);
    expect(await scalar(database, 'SELECT decision FROM entries WHERE record = 4')).toBe('failed');
    expect(await scalar(database, 'SELECT count(*) FROM checks WHERE record = 4')).toBe(0);
  });

  it.each([
    ['a time that is no integer', { time: 1.5 }],
    ['a name that is no text', { name: 7 as never }],
    ['a list of other things', { fields_asked: [1] as never }],
    ['a check without a name', { checks: [{ result: 'pass', inputs: {} } as never] }],
  ])('keeps rows and cursor as they were when a load fails: %s', async (_, bad) => {
    const database = await opened();
    await database.load(makeEntries(10), 10);
    const before = await database.query('FROM entries ORDER BY record');
    // More rows than one chunk, so that good ones are in the appender already.
    const load = [...makeEntries(5000), makeEntry({ record: 5000, ...bad })];
    await expect(database.load(load, 5001)).rejects.toMatchObject({ code: 'LOAD_FAILED' });
    expect(await database.cursor()).toBe(10);
    expect(await database.query('FROM entries ORDER BY record')).toEqual(before);
    expect(await scalar(database, 'SELECT max(record) FROM checks')).toBeLessThan(10);
    await database.load(makeEntries(20), 20);
    expect(await scalar(database, 'SELECT count(*) FROM entries')).toBe(20);
  });

  it('refuses a cursor that goes back, and an entry beyond the cursor', async () => {
    const database = await opened();
    await database.load(makeEntries(10), 10);
    await expect(database.load([], 9)).rejects.toMatchObject({ code: 'CURSOR_BEHIND' });
    await expect(database.load(makeEntries(12), 11)).rejects.toMatchObject({ code: 'LOAD_FAILED' });
    await expect(database.load([], -1)).rejects.toMatchObject({ code: 'LOAD_FAILED' });
    expect(await database.cursor()).toBe(10);
  });

  it('takes loads, queries and an export that are asked for at once', async () => {
    const database = await opened();
    const path = join(folder, 'trail.parquet');
    const work = [10, 20, 30].map((count) => database.load(makeEntries(count), count));
    const seen = Promise.all([1, 2, 3].map(() => scalar(database, 'SELECT count(*) FROM entries')));
    await Promise.all([...work, database.export(path, 'parquet')]);
    for (const count of await seen) expect([0, 10, 20, 30]).toContain(count);
    expect(await scalar(database, 'SELECT count(*) FROM entries')).toBe(30);
  });

  it('keeps a file for its owner alone, and finds it as it was', async () => {
    const path = join(folder, 'new', 'trail.duckdb');
    const first = await opened(path);
    await first.load(makeEntries(100), 100);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    expect(existsSync(`${path}.wal`)).toBe(false);
    await first.close();
    const second = await opened(path);
    expect(await second.cursor()).toBe(100);
    expect(await scalar(second, 'SELECT count(*) FROM denials')).toBeGreaterThan(0);
  });

  it('lets nobody else have the file, neither here nor in another process', async () => {
    const path = join(folder, 'trail.duckdb');
    const database = await opened(path);
    await expect(openAuditDatabase({ path })).rejects.toMatchObject({ code: 'DATABASE_LOCKED' });
    await database.close();
    const script = `
      const { DuckDBInstance } = require('@duckdb/node-api');
      DuckDBInstance.create(process.argv[1]).then(async (instance) => {
        await instance.connect();
        console.log('open');
        setTimeout(() => {}, 60000);
      });`;
    const other = run(process.execPath, ['-e', script, path]);
    try {
      await new Promise((resolve) => other.child.stdout?.once('data', resolve));
      await expect(openAuditDatabase({ path })).rejects.toMatchObject({
        name: 'AuditError',
        code: 'DATABASE_LOCKED',
      });
    } finally {
      other.child.kill('SIGKILL');
      await other.catch(() => undefined);
    }
    await (await opened(path)).load(makeEntries(1), 1);
  });

  it('refuses a file that is not its own', async () => {
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'not a database');
    const path = join(folder, 'other.duckdb');
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run('CREATE TABLE cursor (position INTEGER)');
    connection.closeSync();
    instance.closeSync();
    for (const file of [text, path, folder])
      await expect(openAuditDatabase({ path: file })).rejects.toMatchObject({
        code: 'DATABASE_INVALID',
      });
    expect(readFileSync(text, 'utf8')).toBe('not a database');
  });

  it.each(['parquet', 'csv'] as const)('exports %s that reads back', async (format) => {
    const database = await opened();
    await database.load(makeEntries(3000), 3000);
    const path = join(folder, `it's.${format}`);
    await database.export(path, format);
    await database.export(join(folder, `checks.${format}`), format, 'checks');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const { name, time } = makeEntry({ record: 2999 });
    const reader = await connection.runAndReadAll(
      `SELECT count(*)::INTEGER, max(record)::INTEGER, any_value(name), epoch_ms(max(time))::DOUBLE
      FROM '${path.replaceAll("'", "''")}'`,
    );
    expect(reader.getRows()).toEqual([[3000, 2999, name, time]]);
    instance.closeSync();
  });

  it('writes over no file, and leaves none behind that it could not write', async () => {
    const database = await opened();
    const path = join(folder, 'mine.csv');
    writeFileSync(path, 'mine');
    for (const bad of [path, join(folder, 'missing', 'trail.csv')])
      await expect(database.export(bad, 'csv')).rejects.toMatchObject({ code: 'EXPORT_FAILED' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('says so when it is closed', async () => {
    const database = await opened();
    await database.close();
    await database.close();
    for (const asked of [database.cursor(), database.load([], 0), database.query('SELECT 1')])
      await expect(asked).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
