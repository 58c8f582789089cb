import { createHash } from 'node:crypto';
import {
  BIGINT,
  DOUBLE,
  type DuckDBType,
  INTEGER,
  LIST,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import type { AuditEntry } from './audit-entry.ts';

/** Kind of a column. */
export type ColumnKind = 'integer' | 'position' | 'real' | 'text' | 'time' | 'texts';

/** Types of the kinds. A time is a TIMESTAMP in UTC: its functions need no extension and no setting. */
export const columnTypes: Readonly<Record<ColumnKind, DuckDBType>> = {
  integer: BIGINT,
  position: INTEGER,
  real: DOUBLE,
  text: VARCHAR,
  time: TIMESTAMP,
  texts: LIST(VARCHAR),
};

/** Columns of `entries`, named and ordered as the members of an AuditEntry. */
export const entryColumns: Readonly<Record<Exclude<keyof AuditEntry, 'checks'>, ColumnKind>> = {
  record: 'integer',
  leaf: 'text',
  kind: 'text',
  time: 'time',
  subject: 'text',
  event: 'text',
  type: 'text',
  correlation: 'text',
  connection: 'text',
  connection_kind: 'text',
  party: 'text',
  name: 'text',
  key_id: 'text',
  contract_id: 'text',
  contract_version: 'integer',
  contract_hash: 'text',
  fields_asked: 'texts',
  fields_provided: 'texts',
  purpose: 'text',
  target: 'text',
  tiers: 'texts',
  decision: 'text',
  reason: 'text',
  detail: 'text',
  decided_by: 'text',
  consent_asked_at: 'time',
  consent_decided_at: 'time',
  decided_at: 'time',
  responded_at: 'time',
  handler: 'text',
  handler_version: 'text',
  handler_digest: 'text',
  handler_ms: 'real',
  handler_code: 'text',
  commitment: 'text',
  measurement: 'text',
  checkpoint: 'integer',
};

/** Columns of `checks`: every check of every entry, `position` counted from 0 within the entry. */
export const checkColumns: Readonly<Record<string, ColumnKind>> = {
  record: 'integer',
  position: 'position',
  name: 'text',
  result: 'text',
  reason: 'text',
  detail: 'text',
  inputs: 'text',
};

/** Tables that can be exported. */
export type AuditTable = 'entries' | 'checks';

// No index and no key: the sink deletes what it is about to append, and DuckDB's index refuses a
// key that the same transaction deleted.
const tables = [
  createTable('entries', entryColumns),
  createTable('checks', checkColumns),
  'CREATE TABLE cursor (records BIGINT NOT NULL, format VARCHAR NOT NULL)',
];

const views = [
  `CREATE VIEW denials AS
    SELECT e.record, e.time, e.connection, e.party, e.name, e.type, e.fields_asked, e.purpose,
      e.reason, e.detail, e.decided_by, c.failed_check
    FROM entries e LEFT JOIN (
      SELECT record, arg_max(name, position) AS failed_check
      FROM checks WHERE result = 'fail' GROUP BY record
    ) c ON c.record = e.record
    WHERE e.decision = 'denied'`,
  `CREATE VIEW consents AS
    SELECT record, time, connection, party, name, type, fields_asked, purpose, decision, decided_by,
      consent_asked_at AS asked_at, ended_at,
      date_diff('millisecond', consent_asked_at, ended_at) / 1000.0 AS wait_seconds
    FROM (
      SELECT *, coalesce(
        consent_decided_at, CASE WHEN decision <> 'pending' THEN decided_at END
      ) AS ended_at
      FROM entries WHERE consent_asked_at IS NOT NULL
    )`,
  `CREATE VIEW connections AS
    SELECT connection, arg_max(connection_kind, record) AS connection_kind,
      arg_max(party, record) AS party, arg_max(name, record) AS name,
      arg_max(contract_version, record) AS contract_version,
      count(*) FILTER (kind = 'request') AS requests,
      count(*) FILTER (kind = 'request' AND decision = 'approved') AS approved,
      count(*) FILTER (kind = 'request' AND decision = 'denied') AS denied,
      count(*) FILTER (kind = 'request' AND decision = 'pending') AS pending,
      count(*) FILTER (kind = 'request' AND decision = 'expired') AS expired,
      count(*) FILTER (kind = 'request' AND decision = 'failed') AS failed,
      min(time) AS first_at, max(time) AS last_at
    FROM entries WHERE connection IS NOT NULL GROUP BY connection`,
];

const definition = [...tables, ...views];

/** Names this layout: a file of another one is not loaded into but made anew from the ledger. */
export const schemaFormat: string = createHash('sha256')
  .update(definition.join(';'))
  .digest('hex')
  .slice(0, 16);

/** Statements that make an empty database: tables, views and a cursor at 0. */
export const schemaStatements: readonly string[] = [
  ...definition,
  `INSERT INTO cursor VALUES (0, '${schemaFormat}')`,
];

function createTable(name: AuditTable, columns: Readonly<Record<string, ColumnKind>>): string {
  const list = Object.entries(columns).map(([column, kind]) => `${column} ${columnTypes[kind]}`);
  return `CREATE TABLE ${name} (${list.join(', ')})`;
}
