import { readFile } from 'node:fs/promises';
import { renderReport, reportOf } from '../service/conformance/report.ts';
import type { Rule } from '../service/conformance/rule.ts';
import { type Result, rules, trySuite } from '../service/conformance/suite.ts';
import { readInvite } from '../service/read-invite.ts';
import type { Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { commandOwner, promptedOwner } from './conformance-owner.ts';
import { exists } from './data-dir.ts';

const pauseMs = 250;

/** How to try a vault. */
export type ConformanceOptions = {
  readonly invite: string;
  readonly vine?: string;
  readonly ownerCommand?: string;
  readonly rule?: readonly string[];
  readonly list: boolean;
  /** Seconds. */
  readonly patience: number;
};

/**
 * `cambium conformance --invite INVITE`: tries the rules of the standard on a vault, as one of its
 * parties, and prints what came of it. Ends with 0 only if every rule was tried and holds.
 */
export async function conformanceCommand(
  context: CommandContext,
  options: ConformanceOptions,
): Promise<ExitCode> {
  const chosen = chosenRules(options.rule);
  if (options.list) return list(context, chosen);
  const invite = await inviteIn(options);
  const servers = options.vine === undefined ? invite.servers : [options.vine];
  const owner = ownerOf(context, options.ownerCommand);
  const waits = { patienceMs: options.patience * 1000, pauseMs };
  const started = Date.now();
  const suite = { invite, servers, waits };
  const results = await trySuite(
    owner === undefined ? suite : { ...suite, owner },
    chosen,
    (result) => context.progress(progressOf(result)),
  );
  const run = { vault: invite.vault, servers, started, ended: Date.now() };
  const report = reportOf(run, results);
  context.print(context.json ? JSON.stringify(report) : renderReport(report));
  return report.conforms === 'yes' ? 0 : 1;
}

function chosenRules(names: readonly string[] | undefined): readonly Rule[] {
  if (names === undefined) return rules;
  const chosen = rules.filter(({ id }) => names.some((name) => id.startsWith(name)));
  if (chosen.length === 0)
    throw new CliError('usage', `no rule is called ${names.join(', ')}; see --list`);
  return chosen;
}

function list(context: CommandContext, chosen: readonly Rule[]): ExitCode {
  const shown = chosen.map(({ check: _, ...about }) => about);
  if (context.json) context.print(JSON.stringify(shown));
  else for (const { id, says } of shown) context.print(`${id.padEnd(32)}${says}`);
  return 0;
}

/** The invite in the option or in the file that it names, whole or as a link. */
async function inviteIn({ invite: given, patience, vine }: ConformanceOptions): Promise<Invite> {
  const text = (await exists(given)) ? await readFile(given, 'utf8') : given;
  const servers = vine === undefined ? undefined : [vine];
  const invite = await readInvite(text, patience * 1000, servers);
  if (invite === undefined)
    throw new CliError('usage', 'this is neither an invite nor a file that holds one');
  return invite;
}

/** A command, or else the person at this terminal; nobody, where there is none. */
function ownerOf({ progress }: CommandContext, command: string | undefined) {
  if (command !== undefined) return commandOwner(command);
  return process.stdin.isTTY === true ? promptedOwner(progress) : undefined;
}

function progressOf(result: Result): string {
  const { id } = result;
  switch (result.result) {
    case 'passed':
      return `ok    ${id}`;
    case 'failed':
      return `FAIL  ${id}: expected ${result.expected}; came ${result.came}`;
    case 'skipped':
      return `skip  ${id}: ${result.why}`;
    case 'not_applicable':
      return `n/a   ${id}: ${result.why}`;
  }
}
