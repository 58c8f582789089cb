#!/usr/bin/env node
import { CommanderError } from 'commander';
import { NatsServerMissingError } from '../core/bus/nats-missing-error.ts';
import { SealerError } from '../core/enclave/sealer.ts';
import { LedgerError, type LedgerErrorCode } from '../ledger/errors.ts';
import { CliError } from './cli-error.ts';
import type { ExitCode } from './command.ts';
import { pasteable } from './hint.ts';
import { buildProgram } from './program.ts';

type Hint = (command: (words: string) => string) => string;

/** What a person can do about it. */
const hints: Partial<Record<LedgerErrorCode, Hint>> = {
  CLOCK_JUMPED: (command) => `if this clock is right: ${command('run --confirm-clock')}`,
  IMAGE_UNAPPROVED: (command) => `if you know what it is: ${command('run --approve-image')}`,
  ROLLED_BACK: (command) =>
    `an earlier copy was put in its place, or its end is cut off; this says more: ${command('fsck')}`,
  FORKED: () => 'two histories bear the same signature: trust neither before you know why',
  PIN_MISSING: (command) => `if you know why it is gone: ${command('checkpoint --adopt')}`,
};

/** Runs the command line and sets the exit code: 0 fine, 1 "no" or failed, 2 wrong use. */
async function main(argv: readonly string[]): Promise<void> {
  const program = buildProgram((code) => {
    process.exitCode = code;
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = explainError(error, dataIn(argv));
  }
}

/** The data directory that the command was to work on, where it was named. */
function dataIn(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--data');
  return at < 0 ? undefined : argv[at + 1];
}

function explainError(error: unknown, data: string | undefined): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliError) {
    process.stderr.write(`cambium: ${error.message}\n`);
    return error.kind === 'usage' ? 2 : 1;
  }
  process.stderr.write(`cambium: ${describe(error, data)}\n`);
  return 1;
}

function describe(error: unknown, data: string | undefined): string {
  if (error instanceof LedgerError) {
    const where = error.index === undefined ? '' : ` at record ${error.index}`;
    const next = hints[error.code]?.((words) => pasteable(words, data));
    return `${error.message} (${error.code}${where})${next === undefined ? '' : `\n  ${next}`}`;
  }
  if (error instanceof NatsServerMissingError || error instanceof SealerError) return error.message;
  if (process.env['CAMBIUM_DEBUG'] !== undefined && error instanceof Error)
    return error.stack ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

await main(process.argv);
