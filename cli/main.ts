#!/usr/bin/env node
import { CommanderError } from 'commander';
import { NatsServerMissingError } from '../core/bus/nats-missing-error.ts';
import { SealerError } from '../core/enclave/sealer.ts';
import { LedgerError, type LedgerErrorCode } from '../ledger/errors.ts';
import { CliError } from './cli-error.ts';
import type { ExitCode } from './command.ts';
import { buildProgram } from './program.ts';

/** What a person can do about it. */
const hints: Partial<Record<LedgerErrorCode, string>> = {
  CLOCK_JUMPED: 'if this clock is right: cambium run --confirm-clock',
  ROLLED_BACK:
    'an earlier copy was put in its place, or its end is cut off: cambium fsck says more',
  FORKED: 'two histories bear the same signature: trust neither before you know why',
  PIN_MISSING: 'if you know why it is gone: cambium checkpoint --adopt',
};

/** Runs the command line and sets the exit code: 0 fine, 1 "no" or failed, 2 wrong use. */
async function main(argv: readonly string[]): Promise<void> {
  const program = buildProgram((code) => {
    process.exitCode = code;
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = explainError(error);
  }
}

function explainError(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliError) {
    process.stderr.write(`cambium: ${error.message}\n`);
    return error.kind === 'usage' ? 2 : 1;
  }
  process.stderr.write(`cambium: ${describe(error)}\n`);
  return 1;
}

function describe(error: unknown): string {
  if (error instanceof LedgerError) {
    const where = error.index === undefined ? '' : ` at record ${error.index}`;
    const next = hints[error.code];
    return `${error.message} (${error.code}${where})${next === undefined ? '' : `\n  ${next}`}`;
  }
  if (error instanceof NatsServerMissingError || error instanceof SealerError) return error.message;
  if (process.env['CAMBIUM_DEBUG'] !== undefined && error instanceof Error)
    return error.stack ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

await main(process.argv);
