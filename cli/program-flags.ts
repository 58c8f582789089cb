import type { Command } from 'commander';
import type { CommandContext, ExitCode } from './command.ts';
import { defaultData } from './hint.ts';
import { readPassphrase } from './passphrase.ts';

/** Flags that every command has. */
export type Common = { readonly data: string; readonly json: boolean };

/** Takes the exit code of the command that was called. */
export type Finish = (code: ExitCode) => void;

/** A command with the common flags. */
export function on(
  program: Command,
  name: string,
  description: string,
  defaults: { readonly data?: string } = {},
): Command {
  const data = defaults.data ?? defaultData();
  return program
    .command(name)
    .description(description)
    .exitOverride()
    .option('--data <folder>', 'data directory', data)
    .option('--json', 'one JSON document on standard output', false);
}

/** What a command works with, from its flags and this terminal. */
export function contextOf(
  options: Common,
  passphrase: () => Promise<string> = readPassphrase,
): CommandContext {
  let asked: Promise<string> | undefined;
  return {
    data: options.data,
    json: options.json,
    colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
    columns: process.stdout.columns ?? 160,
    progress: (line) => {
      process.stderr.write(`${line}\n`);
    },
    print: (text) => {
      process.stdout.write(`${text}\n`);
    },
    passphrase: () => {
      asked ??= passphrase();
      return asked;
    },
  };
}

/** Names with commas between. */
export function listOf(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}
