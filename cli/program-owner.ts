import { Argument, type Command, InvalidArgumentError } from 'commander';
import type { ErasureTarget } from '../ledger/upkeep-bodies.ts';
import type { HandoverPurpose } from '../wire/handover.ts';
import { type Common, contextOf, type Finish, listOf, on } from './program-flags.ts';

type Approving = {
  readonly fields?: string[];
  readonly optional?: string[];
  readonly remember?: string;
};

/** Named here, since the module that has them loads all of the wire, and this one is loaded by every command. */
const rotated = [
  'signing',
  'encapsulation',
  'ledger',
] as const satisfies readonly HandoverPurpose[];

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
  addNews(program, finish);
  on(program, 'set', 'store a field')
    .argument('<field>', 'for example personal/shipping_address')
    .argument('<value>', 'its value; - reads it from standard input')
    .action(async (field: string, value: string, options: Common) =>
      finish(await (await import('./owner.ts')).setCommand(contextOf(options), field, value)),
    );
  addInvite(program, finish);
  addPresence(program, finish);
  on(
    program,
    'approve',
    'approve a held request, accept a party that wants to connect, or new terms',
  )
    .argument('<id>', 'event id or connection id, as `owner pending` shows it')
    .option('--fields <names>', 'only these of the fields asked for', listOf)
    .option('--remember <time>', 'say yes to the same fields for so long: 30d, 12h, 45m')
    .option(
      '--optional <names>',
      'optional fields to give, when accepting a party or new terms',
      listOf,
    )
    .action(async (id: string, options: Common & Approving) =>
      finish(await (await import('./owner.ts')).approveCommand(contextOf(options), id, options)),
    );
  on(
    program,
    'deny',
    'deny a held request, decline a party, or reject new terms: that ends its connection',
  )
    .argument('<id>', 'event id or connection id')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner.ts')).denyCommand(contextOf(options), id)),
    );
  addGrants(program, finish);
  addAgents(program, finish);
  addDevices(program, finish);
  on(program, 'forget', 'destroy the keys of something, so that nobody can ever read it again')
    .addArgument(
      new Argument('<kind>', 'what it is').choices(['connection', 'field', 'namespace', 'entries']),
    )
    .argument(
      '<name>',
      'connection id (of entries: of who stored them), or name of the field or namespace',
    )
    .action(async (kind: ErasureTarget['kind'], name: string, options: Common) =>
      finish(
        await (await import('./owner-upkeep.ts')).forgetCommand(contextOf(options), kind, name),
      ),
    );
  addEndings(program, finish);
}

/** `owner invite`, and `invite` for short. */
export function addInvite(program: Command, finish: Finish): void {
  on(
    program,
    'invite',
    'make an invite for a service, another vault or an agent: a link, and its QR code',
  )
    .argument('<name>', 'whom it is for')
    .option('--peer', 'it is for another vault')
    .option('--agent <grant>', 'it is for an AI agent, which may do what this file says')
    .option('--out <file>', 'write the whole invite to a file')
    .action(
      async (name: string, options: Common & { out?: string; peer?: boolean; agent?: string }) =>
        finish(await (await import('./owner.ts')).inviteCommand(contextOf(options), name, options)),
    );
}

/** What the vault shows of itself, and where it is reached. */
function addPresence(program: Command, finish: Finish): void {
  on(program, 'servers', 'where your vault is reached; who is connected is told')
    .argument('[address...]', 'for example tls://vault.example:4222; none shows those of now')
    .option('--default', 'where its messaging layer is, as before any word of yours', false)
    .action(async (servers: string[], options: Common & { default: boolean }) =>
      finish(
        await (await import('./owner-address.ts')).serversCommand(
          contextOf(options),
          servers,
          options,
        ),
      ),
    );
  on(program, 'profile', 'what your vault shows of itself to those you invite')
    .option('--name <name>', 'let it be called this')
    .action(async (options: Common & { name?: string }) =>
      finish(await (await import('./owner.ts')).profileCommand(contextOf(options), options)),
    );
}

/** What the owner grants beside a yes to one request. */
function addGrants(program: Command, finish: Finish): void {
  on(program, 'rules', 'approvals that are remembered; `rules revoke RULE` ends one')
    .addArgument(new Argument('[action]', 'what to do about one').choices(['revoke']))
    .argument('[rule]', 'its number')
    .action(async (action: string | undefined, rule: string | undefined, options: Common) => {
      const { rulesCommand, revokeRuleCommand } = await import('./owner-grants.ts');
      const context = contextOf(options);
      const run = action === undefined ? rulesCommand(context) : revokeRuleCommand(context, rule);
      return finish(await run);
    });
  on(program, 'grant', 'grant fields anew whose retention is over')
    .argument('<connection>', 'connection id')
    .requiredOption('--fields <names>', 'which', listOf)
    .action(async (id: string, options: Common & { fields: string[] }) =>
      finish(
        await (await import('./owner-grants.ts')).grantCommand(
          contextOf(options),
          id,
          options.fields,
        ),
      ),
    );
}

/** What an agent may do. */
function addAgents(program: Command, finish: Finish): void {
  on(program, 'agent', 'what an agent may do, or what it may do from now on')
    .argument('<agent>', 'its name or connection id')
    .option('--grant <file>', 'all that it may do from now on')
    .action(async (agent: string, options: Common & { grant?: string }) =>
      finish(
        await (await import('./owner-agents.ts')).agentCommand(contextOf(options), agent, options),
      ),
    );
}

/** The devices that speak for the owner. */
function addDevices(program: Command, finish: Finish): void {
  on(program, 'devices', 'the devices that speak for you').action(async (options: Common) =>
    finish(await (await import('./owner-devices.ts')).devicesCommand(contextOf(options))),
  );
  on(program, 'pair', 'add a device, with keys of its own')
    .argument('<name>', 'what to call it')
    .requiredOption(
      '--out <file>',
      'where its keys go, sealed; CAMBIUM_OWNER_APP names it to a command',
    )
    .action(async (name: string, options: Common & { out: string }) =>
      finish(
        await (await import('./owner-devices.ts')).pairCommand(contextOf(options), name, options),
      ),
    );
  on(program, 'unpair', 'remove a device at once')
    .argument('<connection>', 'connection id, as `owner devices` shows it')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner-devices.ts')).unpairCommand(contextOf(options), id)),
    );
}

/** What has happened meanwhile. */
function addNews(program: Command, finish: Finish): void {
  on(program, 'notifications', 'what your vault has told you, whether your app was there or not')
    .option('--from <notice>', 'only from this number on', wholeNumber)
    .action(async (options: Common & { from?: number }) => {
      const { notificationsCommand } = await import('./owner-notices.ts');
      finish(await notificationsCommand(contextOf(options), options));
    });
  on(program, 'terms', 'new terms that a party has published, and what they would have changed')
    .argument('<connection>', 'connection id')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner-terms.ts')).termsCommand(contextOf(options), id)),
    );
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

/** What ends a key, or a connection. */
function addEndings(program: Command, finish: Finish): void {
  on(program, 'rotate', 'replace a key of the vault; who is connected is told')
    .addArgument(new Argument('[key]', 'which one').choices(rotated).default('ledger' as const))
    .action(async (key: HandoverPurpose, options: Common) =>
      finish(await (await import('./owner-upkeep.ts')).rotateCommand(contextOf(options), key)),
    );
  on(program, 'sever', 'end a connection at once')
    .argument('<connection>', 'connection id')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner.ts')).severCommand(contextOf(options), id)),
    );
}
