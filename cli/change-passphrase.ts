import { fileSealer, type Sealer } from '../core/enclave/sealer.ts';
import { passphraseFault, rootsFrom } from '../core/keys/root-key.ts';
import { openLedgerKeys } from '../core/keys/vault-secrets.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { Ledger, type LedgerParts } from '../ledger/ledger.ts';
import type { Pinned } from '../ledger/pinned.ts';
import { jetStreamRing, type RingStore } from '../ledger/ring-store.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState } from '../projections/vault-state.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { type DataDir, dataDir, readCard, type VaultCard } from './data-dir.ts';
import { runningLedger } from './notes.ts';
import { ownerAppFile } from './owner-app.ts';
import { addAppSeal, settleApp } from './owner-app-file.ts';
import { newPassphraseVariable, readNewPassphrase } from './passphrase.ts';
import { pinnedOf } from './pins.ts';
import { connectLedger, natsBinary, startLedger } from './servers.ts';

/** What is under a passphrase: a keyring, the ledger that knows its state, and the owner's app. */
export type UnderPassphrase = {
  readonly data: DataDir;
  readonly card: VaultCard;
  readonly commits: CommitStore;
  /** Checkpoints of the ledger that are kept elsewhere. */
  readonly pinned: readonly Pinned[];
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
  const server = await startLedger(data, await natsBinary(context.progress), 'brief');
  const nc = await connectLedger(server.url, server.seeds.runtime);
  try {
    context.progress('verifying the ledger, and changing the passphrase');
    const commits = await jetStreamStore(nc, card.vault);
    const ring = await jetStreamRing(nc, card.vault);
    const pinned = await pinnedOf(card);
    await changePassphrase({ data, card, commits, pinned, ring, sealer: fileSealer() }, from, to);
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
    await expectWhole(ring, parts);
    await addAppSeal(app, from, to);
    await ring.changePassphrase(next);
  } finally {
    ring?.close();
    roots.close();
    next.close();
  }
  await settleApp(app, to);
}

/**
 * A ring that was rolled back, alone or with its ledger, must get no new root: the one that belongs in
 * its place would open no more.
 */
async function expectWhole(
  ring: Keyring,
  { commits, card, pinned }: UnderPassphrase,
): Promise<void> {
  let state = emptyState;
  const parts: LedgerParts = {
    store: commits,
    identity: card.ledger,
    signerFor: (await openLedgerKeys(ring)).keyFor,
    keys: (scope) => ring.scopeKey(scope),
    now: Date.now,
  };
  const fold = (record: LedgerRecord): void => {
    state = evolve(state, record);
  };
  const ledger = await Ledger.open(parts, fold, pinned);
  ledger.close();
  if (state.ring !== undefined) ring.expect(state.ring);
}
