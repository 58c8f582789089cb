import type { Command } from 'commander';
import { type Common, contextOf, type Finish, on } from './program-flags.ts';

/** Commands that make copies of a vault, and put them to use. */
export function addCopies(program: Command, finish: Finish): void {
  on(program, 'export', 'write the whole vault, but the sealer, to one file that anyone can verify')
    .argument('<file>', 'the file to make')
    .action(async (file: string, options: Common) =>
      finish(await (await import('./export.ts')).exportCommand({ ...contextOf(options), file })),
    );
  on(program, 'import', 'make a new data directory of an export')
    .argument('<file>', 'the export')
    .action(async (file: string, options: Common) =>
      finish(await (await import('./import.ts')).importCommand({ ...contextOf(options), file })),
    );
  on(program, 'fsck', 'say what is the matter with a ledger, and heal it from a copy')
    .option('--from <copy>', 'an export, a data directory, or nats://… of a mirror')
    .option('--dry-run', 'change nothing', false)
    .action(async (options: Common & { from?: string; dryRun: boolean }) => {
      const from = options.from === undefined ? {} : { from: options.from };
      const { dryRun } = options;
      const command = (await import('./fsck.ts')).fsckCommand;
      finish(await command({ ...contextOf(options), ...from, dryRun }));
    });
}
