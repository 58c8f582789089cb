import { fileSealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import type { FilePin } from '../core/pins/file-pin.ts';
import type { Checkpoint } from '../ledger/checkpoint.ts';
import type { VaultClient } from '../service/vault-client.ts';
import type { Event } from '../wire/event.ts';
import type { Answer } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { type DataDir, dataDir, readCard } from './data-dir.ts';
import { vineWithin } from './notes.ts';
import {
  connectOwnerApp,
  loadOwnerApp,
  type OwnerApp,
  ownerAppFile,
  saveOwnerApp,
} from './owner-app.ts';
import { settleApp } from './owner-app-file.ts';
import { keepCheckpoint, keptAt } from './owner-checkpoint.ts';
import { appPinOf } from './pins.ts';
import { natsBinary, takeLedger } from './servers.ts';
import { openOnLedger } from './vault-servers.ts';

const answerWaitMs = 15_000;
const checkpointEveryMs = 10 * 60 * 1000;
/** The messaging layer of a vault that starts comes up just after its ledger. */
const vineWaitMs = 10_000;

/** The owner at their app. */
export type OwnerSession = {
  /**
   * Says something to the vault and gives its result.
   * @throws CliError with the vault's reason when it refuses
   */
  ask(type: string, payload?: unknown): Promise<unknown>;
  /** Is told what the vault says by itself, from now on. */
  hear(heard: (event: Event) => void): void;
  /** Has the vault record a checkpoint, and keeps the one of now: what the app has seen is its proof. */
  checkpoint(): Promise<Checkpoint>;
  /** Has the app know the vault's keys of now. */
  learnKeys(): Promise<void>;
};

/**
 * Lets the owner talk to their vault: the one that runs on this data directory, or one that is
 * opened for as long as it takes.
 */
export async function withOwner<T>(
  context: CommandContext,
  use: (owner: OwnerSession) => Promise<T>,
  { adopt = false }: { readonly adopt?: boolean } = {},
): Promise<T> {
  const data = dataDir(context.data);
  const card = await readCard(data);
  const passphrase = await context.passphrase();
  const app = await loadOwnerApp(data, passphrase);
  const talkAt = async (url: string): Promise<T> => {
    const client = await connectOwnerApp(app, url);
    // The vault is told that its new keys are known only after they are kept.
    client.onIdentity = ({ vaultSigning, vaultEncapsulation }) =>
      saveOwnerApp(
        ownerAppFile(data, card.ledger.id),
        { ...app, vaultSigning, vaultEncapsulation },
        passphrase,
      );
    return talk(client, app, appPinOf(card.ledger.id), use);
  };
  const { own } = await takeLedger(data, 'brief', () => natsBinary(context.progress));
  if (own === undefined) return talkAt(await vineOf(data));
  context.progress('no vault is running here: opening it for this command');
  const roots = rootsFrom(passphrase, fileSealer(), card.ledger.id);
  const binary = await natsBinary(context.progress);
  const options = { data, card, binary, roots, log: () => {}, ownersTime: Date.now, adopt };
  const vault = await openOnLedger(options, own, 'brief');
  try {
    await settleApp(ownerAppFile(data, card.ledger.id), passphrase);
    return await talkAt(vault.vineUrl);
  } finally {
    await vault.close();
    roots.close();
  }
}

async function vineOf(data: DataDir): Promise<string> {
  const vine = await vineWithin(data, vineWaitMs);
  if (vine !== undefined) return vine.url;
  throw new CliError('failed', `the vault that runs on ${data.path} has no messaging layer`);
}

async function talk<T>(
  client: VaultClient,
  app: OwnerApp,
  pin: FilePin,
  use: (owner: OwnerSession) => Promise<T>,
): Promise<T> {
  const ask = async (type: string, payload: unknown = {}): Promise<unknown> =>
    resultOf(await client.ask({ type, payload }, { timeoutMs: answerWaitMs }));
  const checkpoint = (record: boolean): Promise<Checkpoint> =>
    keepCheckpoint(app, pin, (asked) => ask('owner.checkpoint', asked), record);
  try {
    // Not at every command: each look at the vault is a record, too.
    if (Date.now() - (await keptAt(app, pin)) > checkpointEveryMs) await checkpoint(false);
    return await use({
      ask,
      checkpoint: () => checkpoint(true),
      hear: (heard) => {
        client.onEvent = heard;
      },
      learnKeys: () => client.learnKeys(),
    });
  } finally {
    await client.close();
  }
}

function resultOf(answer: Answer): unknown {
  if (answer.status === 'served') return answer.result;
  if (answer.status === 'pending') return answer;
  const detail = answer.detail === undefined || answer.detail === '' ? '' : `: ${answer.detail}`;
  throw new CliError('failed', `the vault refused (${answer.code})${detail}`);
}
