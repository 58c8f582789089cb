import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Common, contextOf, type Finish, on } from './program-flags.ts';
import type { ConnectOptions, RequestOptions } from './service.ts';
import type { GrantOptions } from './service-agent.ts';
import type { AnswersOptions } from './service-answers.ts';
import type { UpdateOptions } from './service-contract.ts';
import type { RekeyOptions } from './service-rekey.ts';

/** Commands of whoever acts as a service. */
export function addService(program: Command, finish: Finish): void {
  on(program, 'list', 'services that act from this data directory').action(
    async (options: Common) =>
      finish(await (await import('./service.ts')).listCommand(contextOf(options))),
  );
  on(program, 'connect', 'ask to connect, and wait for the owner')
    .argument('<invite>', 'the invite, or a file that holds it')
    .requiredOption('--as <name>', 'name to keep this connection under')
    .option('--contract <file>', 'the contract, for example examples/retailer.contract.json')
    .option('--agent', 'connect as an agent, which brings no contract: the owner has written one')
    .addOption(timeoutOption(600))
    .action(async (invite: string, options: Common & ConnectOptions) =>
      finish(
        await (await import('./service.ts')).connectCommand(contextOf(options), invite, options),
      ),
    );
  on(program, 'update-contract', 'publish the next version of the contract, and wait for the owner')
    .argument('<file>', 'the new version, which names the hash of the one before')
    .option('--as <name>', 'which service; the only one by default')
    .option('--no-wait', 'do not wait for the owner')
    .addOption(timeoutOption(600))
    .action(async (file: string, options: Common & UpdateOptions) =>
      finish(
        await (await import('./service-contract.ts')).updateContractCommand(
          contextOf(options),
          file,
          options,
        ),
      ),
    );
  on(
    program,
    'renew',
    'ask for a new messaging credential; a request does so by itself when it is time',
  )
    .option('--as <name>', 'which service; the only one by default')
    .addOption(timeoutOption(60))
    .action(async (options: Common & { readonly as?: string; readonly timeout: number }) =>
      finish(await (await import('./service.ts')).renewCommand(contextOf(options), options)),
    );
  on(program, 'request', 'send a request, and print the answer')
    .argument('<type>', 'for example data.request')
    .argument('[payload]', 'JSON')
    .option('--as <name>', 'which service; the only one by default')
    .option('--field <name...>', 'fields to ask for, instead of a payload')
    .option('--purpose <word>', 'what for')
    .option('--target <domain>', 'of an agent: toward whom it acts, for example shop.example')
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
  addAnswers(program, finish);
  on(program, 'rekey', "replace the service's own keys")
    .option('--as <name>', 'which service; the only one by default')
    .addOption(timeoutOption(60))
    .action(async (options: Common & RekeyOptions) =>
      finish(await (await import('./service-rekey.ts')).rekeyCommand(contextOf(options), options)),
    );
}

function addAnswers(program: Command, finish: Finish): void {
  on(program, 'grant', 'what an agent may do, as its vault says it now')
    .option('--as <name>', 'which agent; the only one by default')
    .addOption(timeoutOption(60))
    .action(async (options: Common & GrantOptions) =>
      finish(await (await import('./service-agent.ts')).grantCommand(contextOf(options), options)),
    );
  on(program, 'answers', 'read answers to critical events that came while it was away')
    .option('--as <name>', 'which service; the only one by default')
    .addOption(timeoutOption(3, 'end when none has come for so long'))
    .action(async (options: Common & AnswersOptions) =>
      finish(
        await (await import('./service-answers.ts')).answersCommand(contextOf(options), options),
      ),
    );
}

function timeoutOption(seconds: number, words = 'how long to wait'): Option {
  return new Option('--timeout <seconds>', words).default(seconds).argParser((text) => {
    const value = Number(text);
    if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError('use 1 to 86400 seconds');
    return value;
  });
}
