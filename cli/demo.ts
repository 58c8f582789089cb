import { readFile, rm } from 'node:fs/promises';
import type { NatsServer } from '../core/bus/nats-server.ts';
import { fileSealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import { addressOf, contractRef, type ServiceConnection } from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import { auditCommand } from './audit.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { createVault } from './create-vault.ts';
import { type DataDir, dataDir, exists, type VaultCard } from './data-dir.ts';
import { keepEarlier, showCaughtFlip, showCaughtRollback } from './demo-attacks.ts';
import { connectShop, DemoOwner } from './demo-people.ts';
import { explainCommand } from './explain.ts';
import { pasteable } from './hint.ts';
import { runningLedger } from './notes.ts';
import { loadOwnerApp } from './owner-app.ts';
import { passphraseVariable } from './passphrase.ts';
import { firstPins } from './pins.ts';
import { programRoot } from './program-root.ts';
import { natsBinary, startVine } from './servers.ts';
import { openOnServers, type VaultOnServers } from './vault-servers.ts';
import { verifyCommand } from './verify.ts';

/** Passphrase of the demo's vault: printed, so that the commands to try next work when pasted. */
const passphrase = 'rings of the vine';
const exampleContract = 'examples/retailer.contract.json';

type Story = {
  readonly context: CommandContext;
  readonly data: DataDir;
  readonly card: VaultCard;
  readonly binary: string;
};

/** `cambium demo`: the whole story on real servers and real handlers, in a data directory that stays. */
export async function demoCommand(context: CommandContext): Promise<ExitCode> {
  const quiet: CommandContext = { ...context, passphrase: async () => passphrase };
  const data = dataDir(context.data);
  await makeRoom(data);
  const say = (line: string): void => context.print(line);
  const binary = await natsBinary(context.progress);
  say('A vault of Ada Lovelace, made from nothing: keys, ledger, genesis record.');
  const options = {
    path: context.data,
    passphrase,
    sealer: fileSealer(),
    pins: firstPins,
    binary,
    now: Date.now,
  };
  const card = await createVault(options);
  const story: Story = { context: quiet, data, card, binary };
  const vine = await startVine(data, binary, 'lasting');
  const { refusedEvent, earlier } = await tell(story, vine).finally(() => vine.stop());
  say('\nThe audit trail, a projection of the ledger (names, never values):\n');
  await auditCommand(quiet, undefined, {});
  say('\nThe whole chain, verified:\n');
  const verified = await verifyCommand({ ...quiet, open: false });
  say('\nWhy was the undeclared field refused?\n');
  await explainCommand({ ...quiet, event: refusedEvent });
  const flip = await showCaughtFlip(quiet, data, card);
  const rollback = await showCaughtRollback(quiet, earlier, card);
  sayNext(context, refusedEvent);
  return verified === 0 && flip && rollback ? 0 : 1;
}

/** What is left of the story when the servers have stopped. */
type Told = {
  /** Id of the event that was refused. */
  readonly refusedEvent: string;
  /** Folder with a copy of the ledger from before the payment. */
  readonly earlier: string;
};

/** Everything that happens while servers run. */
async function tell(story: Story, vine: NatsServer): Promise<Told> {
  const { context, data, card, binary } = story;
  const say = (line: string): void => context.print(line);
  const roots = rootsFrom(passphrase, fileSealer(), card.ledger.id);
  const open = (): Promise<VaultOnServers> =>
    openOnServers({ data, card, binary, roots, log: () => {}, ownersTime: Date.now });
  const app = await loadOwnerApp(data, passphrase);
  const contract = await readExample();
  let vault = await open();
  let refusedEvent: string;
  let connection: ServiceConnection;
  try {
    const owner = await DemoOwner.connect(app, vine.url);
    await owner.say('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.say('owner.set', {
      field: 'personal/shipping_address',
      value: '12 St James Square, London',
    });
    await owner.say('owner.set', { field: 'personal/date_of_birth', value: '1815-12-10' });
    say('Ada stores her name, address and date of birth.');
    connection = await connectShop(owner, data, contract, vine.url);
    say(
      `${contract.service.name} connects under "${contract.title}"; Ada reads the terms and accepts.`,
    );
    const shop = await VaultClient.connect(await addressOf(connection, [vine.url]));
    refusedEvent = await askAndShow({ shop, owner, contract, say });
    await shop.close();
    await owner.close();
  } finally {
    await vault.close();
  }
  const earlier = await keepEarlier(data);
  say('\nThe vault goes down. The messaging layer stays.');
  const shop = await VaultClient.connect(await addressOf(connection, [vine.url]));
  const payload = { order: 'A-1042', amount: 4200, currency: 'GBP', payee: 'Acme Retail' };
  const event = { type: 'payment.request', payload, contract: contractRef(contract) };
  const paid = shop.ask(event, { critical: true, timeoutMs: 20_000 });
  say('  payment.request  order A-1042, 42.00 GBP: accepted by the messaging layer, and waits');
  vault = await open();
  say('The vault comes back.');
  say(`  payment.request  ${describeAnswer(await paid)}`);
  await shop.close();
  await vault.close();
  return { refusedEvent, earlier };
}

async function askAndShow(parts: {
  shop: VaultClient;
  owner: DemoOwner;
  contract: Contract;
  say: (line: string) => void;
}): Promise<string> {
  const { shop, owner, contract, say } = parts;
  const ask = async (type: string, payload: unknown, label: string): Promise<string> => {
    const sealed = await shop.seal({ type, payload, contract: contractRef(contract) });
    const answer = await shop.askSealed(sealed, {
      timeoutMs: 20_000,
      onPending: () => {
        say(`  ${label}  held: Ada is asked`);
        void owner.approveEverything();
      },
    });
    say(`  ${label}  ${describeAnswer(answer)}`);
    return sealed.id;
  };
  say('');
  await ask('data.request', { fields: ['personal/shipping_address'] }, 'shipping address');
  await ask('data.request', { fields: ['personal/date_of_birth'] }, 'date of birth   ');
  const refused = await ask('data.request', { fields: ['medical/blood_type'] }, 'blood type      ');
  await ask('location.track', {}, 'location.track  ');
  return refused;
}

function describeAnswer(answer: Answer): string {
  if (answer.status === 'refused') return `refused: ${answer.code}`;
  if (answer.status === 'pending') return 'pending';
  const { fields, authorization } = answer.result as {
    fields?: Record<string, string>;
    authorization?: { signature: string };
  };
  if (authorization !== undefined)
    return `authorized: signature ${authorization.signature.slice(0, 16)}…`;
  return `served: ${Object.values(fields ?? {}).join(', ')}`;
}

async function makeRoom(data: DataDir): Promise<void> {
  if (!(await exists(data.path))) return;
  if (!(await exists(data.vaultFile)))
    throw new CliError('usage', `${data.path} exists and is not a vault's data directory`);
  if (await runningLedger(data)) throw new CliError('failed', `a vault is running on ${data.path}`);
  const card = await loadOwnerApp(data, passphrase).catch(() => undefined);
  if (card === undefined)
    throw new CliError('usage', `${data.path} holds a vault that is not the demo's: use --data`);
  await rm(data.path, { recursive: true });
}

async function readExample(): Promise<Contract> {
  return JSON.parse(await readFile(`${programRoot}/${exampleContract}`, 'utf8')) as Contract;
}

function sayNext(context: CommandContext, event: string): void {
  const commands = [
    'verify',
    'replay --check',
    'audit "SELECT type, decision, reason, count(*) AS n FROM entries GROUP BY ALL ORDER BY n DESC"',
    `explain ${event}`,
    `receipt ${event} --out event.receipt`,
    'run',
    'service request data.request --field personal/shipping_address',
  ].flatMap((words) => {
    const line = `  ${pasteable(words, context.data)}`;
    if (words.startsWith('receipt'))
      return [line, `  ${pasteable('receipt verify event.receipt')}`];
    return words === 'run' ? `${line} &` : line;
  });
  const passphraseLine = `  export ${passphraseVariable}='${passphrase}'`;
  context.print(
    ['\nThe data directory stays. Try next:\n', passphraseLine, ...commands].join('\n'),
  );
}
