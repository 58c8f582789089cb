import type { Command } from 'commander';
import type { AuditOptions } from './audit.ts';
import { type Common, contextOf, type Finish, listOf, on } from './program-flags.ts';
import type { WhatIfCommandOptions } from './what-if.ts';

/** Commands that read a ledger. */
export function addReading(program: Command, finish: Finish): void {
  on(program, 'verify', 'verify the whole chain; names the first bad record')
    .option('--open', 'open every record too (asks for the passphrase)', false)
    .option('--export <file>', 'verify an export instead: needs no server')
    .action(async (options: Common & { open: boolean; export?: string }) => {
      const { open, export: file } = options;
      const { verifyCommand } = await import('./verify.ts');
      const where = file === undefined ? {} : { export: file };
      finish(await verifyCommand({ ...contextOf(options), open, ...where }));
    });
  on(program, 'replay', 'rebuild the state from the ledger, at any point')
    .option('--at <index|time>', 'a record index, or an ISO 8601 time')
    .option('--check', 'decide again on every recorded event, and compare', false)
    .action(async (options: Common & { at?: string; check: boolean }) => {
      const at = options.at === undefined ? {} : { at: options.at };
      finish(
        await (await import('./replay.ts')).replayCommand({
          ...contextOf(options),
          ...at,
          check: options.check,
        }),
      );
    });
  on(program, 'explain', 'show why an event was allowed or refused, check by check')
    .argument('<event>', 'event id, or index of a record')
    .action(async (event: string, options: Common) =>
      finish(await (await import('./explain.ts')).explainCommand({ ...contextOf(options), event })),
    );
  on(program, 'what-if', 'judge the history once more, as if other terms had been in force')
    .option('--contract <file>', 'the other contract, signed or not')
    .option('--grant <file>', 'of an agent: the other grant; --connection says whose')
    .option('--connection <id>', 'only this one; all under a contract of the same id by default')
    .option('--optional <names>', 'optional fields that you would have given', listOf)
    .action(async (options: Common & WhatIfCommandOptions) =>
      finish(await (await import('./what-if.ts')).whatIfCommand(contextOf(options), options)),
    );
  on(program, 'audit', 'list the audit trail, or ask it in SQL (DuckDB)')
    .argument('[sql]', 'a query over the tables entries and checks')
    .option('--connection <id>', 'only this connection')
    .option('--file <path>', 'keep the database in a file')
    .option('--export <path>', 'write the entries to a .parquet or .csv file')
    .action(async (sql: string | undefined, options: Common & AuditOptions) =>
      finish(await (await import('./audit.ts')).auditCommand(contextOf(options), sql, options)),
    );
}
