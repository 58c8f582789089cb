import { Argument, type Command } from 'commander';
import type { ErasureTarget } from '../ledger/bodies.ts';
import { type HandoverPurpose, handoverPurposes } from '../wire/handover.ts';
import { type Common, contextOf, type Finish, listOf, on } from './program-flags.ts';

/** What the owner says to the vault. */
export function addOwner(program: Command, finish: Finish): void {
  const simple = (
    name: string,
    text: string,
    command: 'pendingCommand' | 'connectionsCommand' | 'fieldsCommand',
  ): void => {
    on(program, name, text).action(async (options: Common) =>
      finish(await (await import('./owner.ts'))[command](contextOf(options))),
    );
  };
  simple('pending', 'what waits for the owner', 'pendingCommand');
  simple('connections', 'who is connected, and under what', 'connectionsCommand');
  simple('fields', 'names of the fields that the vault holds', 'fieldsCommand');
  on(program, 'set', 'store a field')
    .argument('<field>', 'for example personal/shipping_address')
    .argument('<value>', 'its value; - reads it from standard input')
    .action(async (field: string, value: string, options: Common) =>
      finish(await (await import('./owner.ts')).setCommand(contextOf(options), field, value)),
    );
  on(program, 'invite', 'make an invite for a service')
    .argument('<name>', 'whom it is for')
    .option('--out <file>', 'write it to a file')
    .action(async (name: string, options: Common & { out?: string }) =>
      finish(await (await import('./owner.ts')).inviteCommand(contextOf(options), name, options)),
    );
  on(program, 'profile', 'what your vault shows of itself to those you invite')
    .option('--name <name>', 'let it be called this')
    .action(async (options: Common & { name?: string }) =>
      finish(await (await import('./owner.ts')).profileCommand(contextOf(options), options)),
    );
  on(program, 'approve', 'approve a held request, or accept a party that wants to connect')
    .argument('<id>', 'event id or connection id, as `owner pending` shows it')
    .option('--fields <names>', 'only these of the fields asked for', listOf)
    .option('--optional <names>', 'optional fields to give, when accepting a party', listOf)
    .action(async (id: string, options: Common & { fields?: string[]; optional?: string[] }) =>
      finish(await (await import('./owner.ts')).approveCommand(contextOf(options), id, options)),
    );
  on(program, 'deny', 'deny a held request, or decline a party')
    .argument('<id>', 'event id or connection id')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner.ts')).denyCommand(contextOf(options), id)),
    );
  on(program, 'forget', 'destroy the keys of something, so that nobody can ever read it again')
    .addArgument(new Argument('<kind>', 'what it is').choices(['connection', 'field', 'namespace']))
    .argument('<name>', 'connection id, or name of the field or namespace')
    .action(async (kind: ErasureTarget['kind'], name: string, options: Common) =>
      finish(
        await (await import('./owner-upkeep.ts')).forgetCommand(contextOf(options), kind, name),
      ),
    );
  on(program, 'rotate', 'replace a key of the vault; who is connected is told')
    .addArgument(
      new Argument('[key]', 'which one').choices(handoverPurposes).default('ledger' as const),
    )
    .action(async (key: HandoverPurpose, options: Common) =>
      finish(await (await import('./owner-upkeep.ts')).rotateCommand(contextOf(options), key)),
    );
  on(program, 'sever', 'end a connection at once')
    .argument('<connection>', 'connection id')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner.ts')).severCommand(contextOf(options), id)),
    );
}
