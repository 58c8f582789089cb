import type { Command } from 'commander';
import { type Common, contextOf, type Finish } from './program-flags.ts';

type Flags = Pick<Common, 'json'>;

/** Commands for those who write contracts, and those who are asked to accept one. */
export function addContracts(program: Command, finish: Finish): void {
  const contract = program
    .command('contract')
    .description('read, check and compare contracts: needs no vault');
  const command = (name: string, description: string): Command =>
    contract
      .command(name)
      .description(description)
      .exitOverride()
      .option('--json', 'one JSON document on standard output', false);
  command('lint', 'what is wrong with a contract, and what to think about once more')
    .argument('<file>', 'the contract, signed or not')
    .option('--strict', 'end with 1 for advice too', false)
    .action(async (file: string, options: Flags & { strict: boolean }) =>
      finish(await (await import('./contract.ts')).lintCommand(output(options), file, options)),
    );
  command('show', 'a contract in plain language, as an owner sees it')
    .argument('<file>', 'the contract, signed or not')
    .action(async (file: string, options: Flags) =>
      finish(await (await import('./contract.ts')).showCommand(output(options), file)),
    );
  command('diff', 'what is added, removed and changed from one contract to another')
    .argument('<before>', 'a contract')
    .argument('<after>', 'another, or its next version')
    .action(async (before: string, after: string, options: Flags) =>
      finish(await (await import('./contract.ts')).diffCommand(output(options), before, after)),
    );
}

function output({ json }: Flags): ReturnType<typeof contextOf> {
  return contextOf({ json, data: '' });
}
