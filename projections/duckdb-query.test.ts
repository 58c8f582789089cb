import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditError } from './duckdb-error.ts';
import { type AuditDatabase, openAuditDatabase } from './duckdb-sink.ts';
import { firstTime, makeEntries, makeEntry } from './testing/entries.ts';

const entries = makeEntries(200);
let database: AuditDatabase;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cambium-audit-'));
  database = await openAuditDatabase({ memoryLimitMiB: 256 });
  await database.load(entries, entries.length);
});

afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const rowsOf = async (sql: string): Promise<unknown> => (await database.query(sql)).rows;

describe('what people ask the trail', () => {
  it('everything that one connection ever did', async () => {
    const birch = entries.filter(({ connection }) => connection === 'c-birch');
    expect(
      await rowsOf(
        `SELECT record, decision, leaf FROM entries WHERE party = 'birch' ORDER BY record`,
      ),
    ).toEqual(birch.map(({ record, decision, leaf }) => [record, decision, leaf]));
    const denied = birch.filter(({ decision }) => decision === 'denied').length;
    expect(
      await rowsOf(
        `SELECT party, name, contract_version, requests, approved, denied, first_at
        FROM connections WHERE connection = 'c-birch'`,
      ),
    ).toEqual([['birch', 'Birch Bank', 2, 100, 100 - denied, denied, '2026-01-05T00:10:00Z']]);
  });

  it('what was refused, and why', async () => {
    expect(
      await rowsOf(`SELECT name, reason, detail, failed_check, count(*) FROM denials GROUP BY ALL`),
    ).toEqual([['Birch Bank', 'rate_limited', 'no token left', 'rate', 20]]);
    expect(
      await rowsOf(
        `SELECT count(*) FROM checks
        WHERE result = 'fail' AND CAST(inputs->>'tokens' AS DOUBLE) < 1`,
      ),
    ).toEqual([[20]]);
  });

  it('how long consents waited', async () => {
    const waited = entries.filter(({ consent_asked_at }) => consent_asked_at !== null);
    expect(await rowsOf('SELECT record, wait_seconds FROM consents ORDER BY record')).toEqual(
      waited.map(({ record }) => [record, record * 30]),
    );
  });

  it('consents that still wait, and those that nobody answered', async () => {
    const own = await openAuditDatabase({});
    const asked = { consent_asked_at: firstTime + 1000, decided_at: firstTime + 1000 } as const;
    await own.load(
      [
        makeEntry({ record: 0, ...asked, decision: 'pending' }),
        makeEntry({ record: 1, ...asked, decision: 'expired', decided_at: firstTime + 61_000 }),
      ],
      2,
    );
    const { rows } = await own.query('SELECT decision, wait_seconds FROM consents ORDER BY record');
    expect(rows).toEqual([
      ['pending', null],
      ['expired', 60],
    ]);
    await own.close();
  });

  it('requests at unusual hours', async () => {
    const night = entries.filter(({ time }) => new Date(time).getUTCHours() < 5);
    expect(await rowsOf('SELECT count(*) FROM entries WHERE hour(time) < 5')).toEqual([
      [night.length],
    ]);
    expect(
      await rowsOf(
        `SELECT strftime(time, '%H:%M'), dayname(time) FROM entries
        WHERE hour(time) NOT BETWEEN 7 AND 22 ORDER BY record LIMIT 1`,
      ),
    ).toEqual([['00:00', 'Monday']]);
  });

  it('which version of the contract allowed this', async () => {
    expect(
      await rowsOf('SELECT contract_id, contract_version FROM entries WHERE record IN (49, 51)'),
    ).toEqual([
      ['birch-account', 1],
      ['birch-account', 2],
    ]);
  });

  it('who was given a field', async () => {
    expect(
      await rowsOf(
        `SELECT DISTINCT party FROM entries WHERE list_contains(fields_provided, 'personal.email')
        ORDER BY ALL`,
      ),
    ).toEqual([['acme'], ['birch']]);
  });

  it('what the tables hold', async () => {
    expect(await rowsOf('SHOW TABLES')).toEqual(
      ['checks', 'connections', 'consents', 'cursor', 'denials', 'entries'].map((name) => [name]),
    );
    expect(((await rowsOf('DESCRIBE entries')) as unknown[][])[3]?.slice(0, 2)).toEqual([
      'time',
      'TIMESTAMP',
    ]);
  });
});

describe('values of a query', () => {
  it('are plain, and say of what type they were', async () => {
    const { columns, rows } = await database.query(`SELECT
      9007199254740991 AS safe, 9007199254740992::BIGINT AS large, 2::HUGEINT ** 100 AS huge,
      sum(record) AS total, 1.50::DECIMAL(9, 2) AS price, 'nan'::DOUBLE AS nan, true AS yes,
      NULL AS nothing, '\\xFF'::BLOB AS blob, [1, NULL] AS list, {'a': [DATE '2026-01-05']} AS struct,
      MAP {'k': 1} AS map, union_value(u := 'v') AS tagged, 7::VARIANT AS variant,
      TIMESTAMP '2026-01-05 03:12:00.5' AS time, TIMESTAMPTZ '2026-01-05 03:12:00+01' AS zoned,
      'infinity'::TIMESTAMP AS ever, TIMESTAMP_NS '2026-01-05 03:12:00.000000001' AS nanos,
      INTERVAL 90 MINUTE AS wait, TIME '03:12:00' AS clock
      FROM entries`);
    expect(columns.slice(0, 5)).toEqual([
      { name: 'safe', type: 'BIGINT' },
      { name: 'large', type: 'BIGINT' },
      { name: 'huge', type: 'DOUBLE' },
      { name: 'total', type: 'HUGEINT' },
      { name: 'price', type: 'DECIMAL(9,2)' },
    ]);
    expect(rows).toEqual([
      [
        9007199254740991,
        '9007199254740992',
        2 ** 100,
        19900,
        '1.50',
        'NaN',
        true,
        null,
        'ff',
        [1, null],
        { a: ['2026-01-05'] },
        [{ key: 'k', value: 1 }],
        { tag: 'u', value: 'v' },
        7,
        '2026-01-05T03:12:00.5Z',
        '2026-01-05T02:12:00Z',
        'infinity',
        '2026-01-05T03:12:00.000000001Z',
        '01:30:00',
        '03:12:00',
      ],
    ]);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  it('end at the limit of rows, and say that there were more', async () => {
    const { rows, truncated } = await database.query('FROM range(5000)', { rowLimit: 3 });
    expect([rows, truncated]).toEqual([[[0], [1], [2]], true]);
    expect((await database.query('FROM range(3)', { rowLimit: 3 })).truncated).toBe(false);
  });
});

const refused = [
  `SELECT * FROM read_csv('/etc/passwd')`,
  `SELECT * FROM read_text('/etc/passwd')`,
  `SELECT * FROM glob('/etc/*')`,
  `SELECT * FROM '/etc/passwd.csv'`,
  `SELECT * FROM duckdb_secrets()`,
  `COPY entries TO 'FOLDER/stolen.csv'`,
  `COPY (SELECT 1) TO '/dev/stdout'`,
  `COPY entries FROM '/etc/passwd'`,
  `EXPORT DATABASE 'FOLDER/stolen'`,
  `IMPORT DATABASE 'FOLDER/stolen'`,
  `ATTACH 'FOLDER/stolen.duckdb'`,
  `DETACH memory`,
  `INSTALL httpfs`,
  `LOAD '/tmp/x.duckdb_extension'`,
  `SET memory_limit = '900GB'`,
  `SET enable_external_access = true`,
  `RESET lock_configuration`,
  `SET VARIABLE a = 1`,
  `PRAGMA memory_limit = '900GB'`,
  `PRAGMA disable_checkpoint_on_shutdown`,
  `PRAGMA enable_profiling`,
  `CALL enable_logging()`,
  `SELECT * FROM enable_logging(storage = 'file', storage_path = 'FOLDER/logs')`,
  `WITH a AS (FROM system.main."enable_profiling"()) SELECT * FROM a`,
  `SELECT * FROM checkpoint()`,
  `SELECT * FROM query('SELECT * FROM enable_logging()')`,
  `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))`,
  `SELECT 1; SELECT 2`,
  `SELECT 1; DROP TABLE entries`,
  `DELETE FROM entries`,
  `DELETE FROM entries RETURNING record`,
  `TRUNCATE entries`,
  `DROP TABLE entries`,
  `DROP VIEW denials`,
  `INSERT INTO entries (record) VALUES (1)`,
  `UPDATE cursor SET records = 0`,
  `MERGE INTO cursor USING (SELECT 1 AS i) s ON true WHEN MATCHED THEN DELETE`,
  `ALTER TABLE entries RENAME TO other`,
  `CREATE TABLE other (i INTEGER)`,
  `CREATE TEMP VIEW entries AS SELECT 1`,
  `CREATE MACRO hour(x) AS 0`,
  `EXPLAIN ANALYZE DELETE FROM entries`,
  `PREPARE q AS DELETE FROM entries`,
  `EXECUTE q`,
  `BEGIN`,
  `CHECKPOINT`,
  `VACUUM`,
  '',
  '-- nothing',
  ';',
];

describe('SQL of the owner', () => {
  it.each(refused)('is refused when it is more than one query of the trail: %s', async (sql) => {
    const before = await rowsOf(
      'SELECT count(*), sum(record), (SELECT records FROM cursor) FROM entries',
    );
    const error = await database.query(sql.replaceAll('FOLDER', folder)).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(AuditError);
    expect(error.code).toBe('SQL_REFUSED');
    expect(
      await rowsOf('SELECT count(*), sum(record), (SELECT records FROM cursor) FROM entries'),
    ).toEqual(before);
    for (const name of ['stolen', 'stolen.csv', 'stolen.duckdb', 'logs'])
      expect(existsSync(join(folder, name))).toBe(false);
  });

  it.each([
    ['SELECT * FROM entries WHERE', /syntax error/],
    ['SELECT colour FROM entries', /colour/],
    ['SELECT * FROM elsewhere', /elsewhere/],
    ['SELECT $1', /parameter/],
    [`SELECT error('boom')`, /boom/],
    ['SELECT list(repeat(r.range::VARCHAR, 1000)) FROM range(10000000) r', /memory/i],
  ])('that is wrong fails with the words of DuckDB: %s', async (sql, words) => {
    const error = await database.query(sql).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'AuditError', code: 'SQL_FAILED' });
    expect(error.message).toMatch(words);
  });

  it('that takes too long is stopped, and the next one runs', async () => {
    const endless = database.query('SELECT count(*) FROM range(1000000000000)', { timeoutMs: 200 });
    await expect(endless).rejects.toMatchObject({ code: 'SQL_TIMEOUT' });
    expect(await rowsOf('SELECT 1')).toEqual([[1]]);
  });

  it('finds the memory limit that was set, and no way to raise it', async () => {
    expect(await rowsOf(`SELECT current_setting('memory_limit')`)).toEqual([['256.0 MiB']]);
    expect(
      await rowsOf(
        `SELECT current_setting('enable_external_access'), current_setting('lock_configuration'),
          current_setting('temp_directory')`,
      ),
    ).toEqual([[false, true, '']]);
  });
});
