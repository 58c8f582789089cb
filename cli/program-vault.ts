import { type Command, InvalidArgumentError } from 'commander';
import { readNewPassphrase } from './passphrase.ts';
import { type Common, contextOf, type Finish, on } from './program-flags.ts';
import type { RunOptions } from './run.ts';
import type { WitnessCommandOptions } from './witness.ts';

/** Commands that make and run a vault. */
export function addVault(program: Command, finish: Finish): void {
  on(program, 'init', 'make a vault in a new data directory').action(async (options: Common) =>
    finish(await (await import('./init.ts')).initCommand(contextOf(options, readNewPassphrase))),
  );
  on(program, 'run', 'run the vault until it is told to stop')
    .option('--confirm-clock', 'the clock of this machine is right, however late it is', false)
    .option('--approve-image', 'another program than the last time may open the vault', false)
    .option('--witness <vkey@url...>', 'witnesses that cosign checkpoints (CAMBIUM_WITNESS)')
    .option('--quorum <count>', 'how many of them have to; all by default', countOf)
    .action(async (options: Common & RunOptions) =>
      finish(await (await import('./run.ts')).runCommand(contextOf(options), options)),
    );
  on(program, 'vine', 'run the messaging layer alone, so that critical events can wait').action(
    async (options: Common) =>
      finish(await (await import('./vine.ts')).vineCommand(contextOf(options))),
  );
  on(program, 'witness', 'run a witness: it cosigns checkpoints of ledgers that only grow')
    .requiredOption('--dir <folder>', 'folder of its key and state')
    .requiredOption(
      '--origin <vkey...>',
      'keys of the ledgers that it watches, as `verify` shows them',
    )
    .option('--port <port>', 'port to listen on; 0 for any', portOf, 0)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--name <name>', 'its own name; by default one that follows from its key')
    .action(async (options: Common & WitnessCommandOptions) =>
      finish(await (await import('./witness.ts')).witnessCommand(contextOf(options), options)),
    );
  on(program, 'checkpoint', 'have a checkpoint signed and recorded, and keep it')
    .option('--adopt', 'where none is kept outside any more, begin anew with this one', false)
    .action(async (options: Common & { adopt: boolean }) =>
      finish(
        await (await import('./owner-upkeep.ts')).checkpointCommand(contextOf(options), options),
      ),
    );
  on(program, 'passphrase', 'change the passphrase of a vault that does not run').action(
    async (options: Common) =>
      finish(await (await import('./change-passphrase.ts')).passphraseCommand(contextOf(options))),
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

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('use a count from 1');
  return count;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('use 0 to 65535');
  return port;
}
