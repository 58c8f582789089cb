import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConformanceOptions } from './conformance.ts';
import { type Common, contextOf, type Finish, on } from './program-flags.ts';

/** Whether a vault, ours or another, keeps to the standard. */
export function addConformance(program: Command, finish: Finish): void {
  on(program, 'conformance', 'try whether a vault keeps to the standard')
    .requiredOption('--invite <invite>', 'an invite of that vault, or a file that holds it')
    .option('--vine <url>', 'where its messaging layer is, if not where the invite says')
    .option(
      '--owner-command <command>',
      'plays the owner: called with the words of `cambium owner` (set, invite, approve, deny, sever, rotate, servers, profile), and stop, start',
    )
    .option('--rule <names...>', 'only these rules, or those whose names begin so')
    .option('--list', 'print the rules, and try none', false)
    .addOption(
      new Option('--patience <seconds>', 'how long to wait for an answer')
        .default(10)
        .argParser(seconds),
    )
    .action(async (options: Common & ConformanceOptions) =>
      finish(
        await (await import('./conformance.ts')).conformanceCommand(contextOf(options), options),
      ),
    );
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 600)) throw new InvalidArgumentError('use 1 to 600 seconds');
  return value;
}
