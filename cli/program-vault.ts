import type { Command } from 'commander';
import { readNewPassphrase } from './passphrase.ts';
import { type Common, contextOf, type Finish, on } from './program-flags.ts';
import type { RunOptions } from './run.ts';

/** Commands that make and run a vault. */
export function addVault(program: Command, finish: Finish): void {
  on(program, 'init', 'make a vault in a new data directory').action(async (options: Common) =>
    finish(await (await import('./init.ts')).initCommand(contextOf(options, readNewPassphrase))),
  );
  on(program, 'run', 'run the vault until it is told to stop')
    .option('--confirm-clock', 'the clock of this machine is right, however late it is', false)
    .action(async (options: Common & RunOptions) =>
      finish(await (await import('./run.ts')).runCommand(contextOf(options), options)),
    );
  on(program, 'vine', 'run the messaging layer alone, so that critical events can wait').action(
    async (options: Common) =>
      finish(await (await import('./vine.ts')).vineCommand(contextOf(options))),
  );
  on(program, 'checkpoint', 'have a checkpoint signed and recorded, and keep it')
    .option('--adopt', 'where none is kept outside any more, begin anew with this one', false)
    .action(async (options: Common & { adopt: boolean }) =>
      finish(
        await (await import('./owner-upkeep.ts')).checkpointCommand(contextOf(options), options),
      ),
    );
  on(program, 'doctor', 'say what this machine has of what a vault needs').action(
    async (options: Common) =>
      finish(await (await import('./doctor.ts')).doctorCommand(contextOf(options))),
  );
  on(program, 'demo', 'tell the whole story on real parts, in a data directory of its own', {
    data: '.cambium-demo',
  }).action(async (options: Common) =>
    finish(await (await import('./demo.ts')).demoCommand(contextOf(options))),
  );
}
