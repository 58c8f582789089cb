import type { AuditEntry } from '../projections/audit-entry.ts';
import { AuditError } from '../projections/duckdb-error.ts';
import type { ExportFormat } from '../projections/duckdb-export.ts';
import { openAuditDatabase } from '../projections/duckdb-sink.ts';
import { type TrailPage, TrailReader } from '../replay/trail-reader.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir } from './data-dir.ts';
import { runningLedger } from './notes.ts';
import { renderTable } from './render-table.ts';
import { renderTrail } from './render-trail.ts';
import { withOwner } from './with-owner.ts';

/** What to show of the trail. */
export type AuditOptions = {
  readonly connection?: string;
  readonly file?: string;
  readonly export?: string;
};

type ExportTarget = { readonly path: string; readonly format: ExportFormat };
type TrailQuery = {
  readonly sql: string | undefined;
  readonly file: string | undefined;
  readonly target: ExportTarget | undefined;
};
type Trail = { readonly entries: readonly AuditEntry[]; readonly cursor: number };

const pageEntries = 500;
const rowsShown = 1_000;

/**
 * `cambium audit [SQL]`: the trail in words, or a query over it. A running vault is asked for it, and
 * records that it was; otherwise the ledger is opened with the passphrase.
 */
export async function auditCommand(
  context: CommandContext,
  sql: string | undefined,
  options: AuditOptions,
): Promise<ExitCode> {
  const target = options.export === undefined ? undefined : exportTo(options.export);
  const trail = await readTrail(context);
  const { connection } = options;
  const entries =
    connection === undefined
      ? trail.entries
      : trail.entries.filter((entry) => entry.connection === connection);
  if (connection !== undefined && entries.length === 0)
    throw new CliError('failed', `the trail holds nothing of ${connection}`);
  if (sql === undefined && options.file === undefined && options.export === undefined) {
    if (context.json) context.print(JSON.stringify(entries));
    else context.print(renderTrail(entries, { colour: context.colour }));
    return 0;
  }
  const { file } = options;
  return queryTrail(context, { entries, cursor: trail.cursor }, { sql, file, target });
}

/** @throws CliError when the file's ending names no format that is written */
function exportTo(path: string): ExportTarget {
  const [, format] = /\.(csv|parquet)$/.exec(path) ?? [];
  if (format !== undefined) return { path, format: format as ExportFormat };
  throw new CliError('usage', `${path}: an export ends in .parquet or .csv`);
}

/** The whole trail of a data directory. */
export async function readTrail(context: CommandContext): Promise<Trail> {
  const data = dataDir(context.data);
  if ((await runningLedger(data)) !== undefined) return askVault(context);
  return withLedger(data, context.progress, async ({ card, store, unlock }) => {
    const keys = await unlock(await context.passphrase());
    return new TrailReader(store, card.ledger, keys).all();
  });
}

function askVault(context: CommandContext): Promise<Trail> {
  return withOwner(context, async (owner) => {
    const entries: AuditEntry[] = [];
    let cursor = 0;
    for (let from: number | null = 0; from !== null; ) {
      const page: TrailPage = (await owner.ask('owner.audit', {
        from,
        count: pageEntries,
      })) as TrailPage;
      entries.push(...page.entries);
      cursor = page.cursor;
      from = page.next;
    }
    return { entries, cursor };
  });
}

async function queryTrail(
  context: CommandContext,
  trail: Trail,
  { sql, file, target }: TrailQuery,
): Promise<ExitCode> {
  const database = await openAuditDatabase(file === undefined ? {} : { path: file });
  try {
    await database.load(trail.entries, trail.cursor);
    if (target !== undefined) {
      await database.export(target.path, target.format);
      context.progress(`wrote ${target.path}`);
    }
    if (sql === undefined) return 0;
    const { columns, rows } = await database.query(sql).catch(sqlFault);
    if (context.json) context.print(JSON.stringify(rows.map((row) => asObject(columns, row))));
    else context.print(renderRows(context, columns, rows));
    return 0;
  } finally {
    await database.close();
  }
}

/** A query that is refused or does not fit is wrong use; anything else has failed. */
function sqlFault(error: unknown): never {
  const wrong = error instanceof AuditError && /^SQL_(REFUSED|FAILED)$/.test(error.code);
  throw wrong ? new CliError('usage', error.message, error) : error;
}

function renderRows(
  context: CommandContext,
  columns: readonly { readonly name: string }[],
  rows: readonly (readonly unknown[])[],
): string {
  const shown = rows.slice(0, rowsShown).map((row) => row.map(cellText));
  const heads = columns.map(({ name }) => name);
  const table = renderTable(heads, shown, { width: context.columns, colour: context.colour });
  const more = rows.length - shown.length;
  return more > 0 ? `${table}\n… and ${more} more rows (--json gives all)` : table;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function asObject(
  columns: readonly { readonly name: string }[],
  row: readonly unknown[],
): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null]));
}
