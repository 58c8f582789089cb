import { Command } from 'commander';
import { addConformance } from './program-conformance.ts';
import { addContracts } from './program-contract.ts';
import { addCopies } from './program-copies.ts';
import type { Finish } from './program-flags.ts';
import { addInvite, addOwner } from './program-owner.ts';
import { addPeers } from './program-peers.ts';
import { addReading } from './program-reading.ts';
import { addReceipts } from './program-receipt.ts';
import { programVersion } from './program-root.ts';
import { addService } from './program-service.ts';
import { addVault } from './program-vault.ts';

/** The command line: flags in, one call of a command, its exit code out. Only the command that is called is loaded. */
export function buildProgram(finish: Finish): Command {
  const program = new Command('cambium')
    .description('A personal vault whose ledger is the vault.')
    .version(programVersion())
    .exitOverride()
    .showHelpAfterError('(see --help)');
  addVault(program, finish);
  addReading(program, finish);
  addReceipts(program, finish);
  addCopies(program, finish);
  addContracts(program, finish);
  addInvite(program, finish);
  addConformance(program, finish);
  const owner = program.command('owner').description('be the owner, at their app');
  addOwner(owner, finish);
  addPeers(owner, finish);
  addService(
    program.command('service').description('be a service that talks to the vault'),
    finish,
  );
  return program;
}
