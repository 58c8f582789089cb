import { fileSealer, type Sealer } from '../core/enclave/sealer.ts';
import { passphraseFault, rootsFrom } from '../core/keys/root-key.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { jetStreamRing, type RingStore } from '../ledger/ring-store.ts';
import { history } from '../replay/history.ts';
import { stateAt } from '../replay/time-travel.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { type DataDir, dataDir, readCard, type VaultCard } from './data-dir.ts';
import { ownerAppFile } from './owner-app.ts';
import { addAppSeal, settleApp } from './owner-app-file.ts';
import { newPassphraseVariable, readNewPassphrase } from './passphrase.ts';
import { connectLedger, natsBinary, runningLedger, startLedger } from './servers.ts';

/** What is under a passphrase: a keyring, the ledger that knows its state, and the owner's app. */
export type UnderPassphrase = {
  readonly data: DataDir;
  readonly card: VaultCard;
  readonly commits: CommitStore;
  readonly ring: RingStore;
  readonly sealer: Sealer;
};

/** `cambium passphrase`: puts keyring and owner's app under another passphrase. The vault must not run. */
export async function passphraseCommand(context: CommandContext): Promise<ExitCode> {
  const data = dataDir(context.data);
  const card = await readCard(data);
  if ((await runningLedger(data)) !== undefined)
    throw new CliError('failed', `a vault is running on ${data.path}: stop it first`);
  const from = await context.passphrase();
  const to = await readNewPassphrase(newPassphraseVariable);
  const fault = from === to ? 'it is the one that there is' : passphraseFault(to);
  if (fault !== undefined) throw new CliError('usage', `this passphrase is not taken: ${fault}`);
  const server = await startLedger(data, await natsBinary(context.progress));
  const nc = await connectLedger(server.url, server.seeds.runtime);
  try {
    context.progress('verifying the ledger, and changing the passphrase');
    const commits = await jetStreamStore(nc, card.vault);
    const ring = await jetStreamRing(nc, card.vault);
    await changePassphrase({ data, card, commits, ring, sealer: fileSealer() }, from, to);
  } finally {
    await nc.close();
    await server.stop();
  }
  if (context.json) context.print(JSON.stringify({ vault: card.vault, changed: true }));
  else context.print(said);
  return 0;
}

const said = [
  'the passphrase is changed',
  'copies of the data directory from before open no more, with neither passphrase: make a new one',
].join('\n');

/**
 * First the owner's app opens under both passphrases, then the keyring changes in one write, then the
 * app keeps the passphrase that the keyring has. A crash leaves one passphrase that opens both: whoever
 * opens the vault with it, or calls this again, completes the change or discards it.
 * @throws LedgerError RING_LOCKED when `from` is not the right one, and when ledger or ring are not
 * whole; SealerError; CliError when `from` opens the keyring but not the app
 */
export async function changePassphrase(
  parts: UnderPassphrase,
  from: string,
  to: string,
): Promise<void> {
  const { data, card, sealer } = parts;
  const app = ownerAppFile(data, card.ledger.id, sealer);
  const roots = rootsFrom(from, sealer, card.ledger.id);
  const next = rootsFrom(to, sealer, card.ledger.id);
  let ring: Keyring | undefined;
  try {
    ring = await Keyring.unlock(parts.ring, card.ledger.id, roots);
    await expectRecorded(ring, parts);
    await addAppSeal(app, from, to);
    await ring.changePassphrase(next);
  } finally {
    ring?.close();
    roots.close();
    next.close();
  }
  await settleApp(app, to);
}

/** A ring that was rolled back must get no new root: that would make it look like one that was not. */
async function expectRecorded(ring: Keyring, { commits, card }: UnderPassphrase): Promise<void> {
  const records = history(commits, card.ledger, (scope) => ring.scopeKey(scope));
  const { state } = await stateAt(records, 'end');
  if (state.ring !== undefined) ring.expect(state.ring);
}
