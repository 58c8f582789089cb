import { Command, InvalidArgumentError, Option } from 'commander';
import type { AuditOptions } from './audit.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { readNewPassphrase, readPassphrase } from './passphrase.ts';
import type { RunOptions } from './run.ts';
import type { ConnectOptions, RequestOptions } from './service.ts';

type Common = { readonly data: string; readonly json: boolean };
type Finish = (code: ExitCode) => void;

/** The command line: flags in, one call of a command, its exit code out. Only the command that is called is loaded. */
export function buildProgram(finish: Finish): Command {
  const program = new Command('cambium')
    .description('A personal vault whose ledger is the vault.')
    .exitOverride()
    .showHelpAfterError('(see --help)');
  addVault(program, finish);
  addReading(program, finish);
  addOwner(program.command('owner').description('be the owner, at their app'), finish);
  addService(
    program.command('service').description('be a service that talks to the vault'),
    finish,
  );
  return program;
}

function addVault(program: Command, finish: Finish): void {
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

function addReading(program: Command, finish: Finish): void {
  on(program, 'verify', 'verify the whole chain; names the first bad record')
    .option('--open', 'open every record too (asks for the passphrase)', false)
    .action(async (options: Common & { open: boolean }) =>
      finish(
        await (await import('./verify.ts')).verifyCommand({
          ...contextOf(options),
          open: options.open,
        }),
      ),
    );
  on(program, 'replay', 'rebuild the state from the ledger, at any point')
    .option('--at <index|time>', 'a record index, or an ISO 8601 time')
    .option('--check', 'decide again on every recorded event, and compare', false)
    .action(async (options: Common & { at?: string; check: boolean }) => {
      const at = options.at === undefined ? {} : { at: options.at };
      finish(
        await (await import('./replay.ts')).replayCommand({
          ...contextOf(options),
          ...at,
          check: options.check,
        }),
      );
    });
  on(program, 'explain', 'show why an event was allowed or refused, check by check')
    .argument('<event>', 'event id, or index of a record')
    .action(async (event: string, options: Common) =>
      finish(await (await import('./explain.ts')).explainCommand({ ...contextOf(options), event })),
    );
  on(program, 'audit', 'list the audit trail, or ask it in SQL (DuckDB)')
    .argument('[sql]', 'a query over the tables entries and checks')
    .option('--connection <id>', 'only this connection')
    .option('--file <path>', 'keep the database in a file')
    .option('--export <path>', 'write the entries to a .parquet or .csv file')
    .action(async (sql: string | undefined, options: Common & AuditOptions) =>
      finish(await (await import('./audit.ts')).auditCommand(contextOf(options), sql, options)),
    );
}

function addOwner(program: Command, finish: Finish): void {
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
  on(program, 'approve', 'approve a held request, or accept a party that wants to connect')
    .argument('<id>', 'event id or connection id, as `owner pending` shows it')
    .option('--fields <names>', 'only these of the fields asked for', list)
    .option('--optional <names>', 'optional fields to give, when accepting a party', list)
    .action(async (id: string, options: Common & { fields?: string[]; optional?: string[] }) =>
      finish(await (await import('./owner.ts')).approveCommand(contextOf(options), id, options)),
    );
  on(program, 'deny', 'deny a held request, or decline a party')
    .argument('<id>', 'event id or connection id')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner.ts')).denyCommand(contextOf(options), id)),
    );
  on(program, 'sever', 'end a connection at once')
    .argument('<connection>', 'connection id')
    .action(async (id: string, options: Common) =>
      finish(await (await import('./owner.ts')).severCommand(contextOf(options), id)),
    );
}

function addService(program: Command, finish: Finish): void {
  on(program, 'list', 'services that act from this data directory').action(
    async (options: Common) =>
      finish(await (await import('./service.ts')).listCommand(contextOf(options))),
  );
  on(program, 'connect', 'ask to connect, and wait for the owner')
    .argument('<invite>', 'the invite, or a file that holds it')
    .requiredOption('--as <name>', 'name to keep this connection under')
    .requiredOption(
      '--contract <file>',
      'the contract, for example examples/retailer.contract.json',
    )
    .addOption(timeoutOption(600))
    .action(async (invite: string, options: Common & ConnectOptions) =>
      finish(
        await (await import('./service.ts')).connectCommand(contextOf(options), invite, options),
      ),
    );
  on(program, 'request', 'send a request, and print the answer')
    .argument('<type>', 'for example data.request')
    .argument('[payload]', 'JSON')
    .option('--as <name>', 'which service; the only one by default')
    .option('--field <name...>', 'fields to ask for, instead of a payload')
    .option('--purpose <word>', 'what for')
    .option('--no-wait', 'do not wait for the owner, or for a vault that is down')
    .addOption(timeoutOption(60))
    .action(async (type: string, payload: string | undefined, options: Common & RequestOptions) =>
      finish(
        await (await import('./service.ts')).requestCommand(
          contextOf(options),
          type,
          payload,
          options,
        ),
      ),
    );
}

function on(
  program: Command,
  name: string,
  description: string,
  defaults: { readonly data?: string } = {},
): Command {
  const data = defaults.data ?? process.env['CAMBIUM_DATA'] ?? '.cambium';
  return program
    .command(name)
    .description(description)
    .exitOverride()
    .option('--data <folder>', 'data directory', data)
    .option('--json', 'one JSON document on standard output', false);
}

function contextOf(
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

function timeoutOption(seconds: number): Option {
  return new Option('--timeout <seconds>', 'how long to wait')
    .default(seconds)
    .argParser((text) => {
      const value = Number(text);
      if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError('use 1 to 86400 seconds');
      return value;
    });
}

function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}
