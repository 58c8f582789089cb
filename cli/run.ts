import { pino } from 'pino';
import { fileSealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import { shutReason } from '../core/manager/door.ts';
import { LedgerError, type LedgerErrorCode } from '../ledger/errors.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir, readCard, type VaultCard } from './data-dir.ts';
import { ownerAppFile } from './owner-app.ts';
import { settleApp } from './owner-app-file.ts';
import { passphraseVariable } from './passphrase.ts';
import { witnessesOf } from './pins.ts';
import { natsBinary } from './servers.ts';
import { type OpenOptions, openOnServers, type VaultOnServers } from './vault-servers.ts';

const restartsMax = 5;
const restartsWindowMs = 60_000;
const restartWaitMs = 500;

/** Failures that opening again can mend: the store was away, or a server died. */
const passing: ReadonlySet<LedgerErrorCode> = new Set(['STORE_UNAVAILABLE', 'CLOSED']);

/** What the owner has to say before some failures are over. */
const ownersWord: Partial<Record<LedgerErrorCode, string>> = {
  CLOCK_JUMPED: '--confirm-clock',
  IMAGE_UNAPPROVED: '--approve-image',
};

/** What `cambium run` is told. */
export type RunOptions = {
  /** The owner says that this machine's clock is right, however long the vault was not open. */
  readonly confirmClock: boolean;
  /** The owner lets this program open the vault, though it is another than the last time. */
  readonly approveImage: boolean;
  /** Witnesses that have to cosign, each `VKEY@URL`; and how many of them. */
  readonly witness?: readonly string[];
  readonly quorum?: number;
};

/**
 * `cambium run`: runs a vault until it is told to stop. When a server under it dies, the vault stops
 * at once, and is opened again from its ledger.
 */
export async function runCommand(
  context: CommandContext,
  { confirmClock, approveImage, witness = [], quorum }: RunOptions,
): Promise<ExitCode> {
  const data = dataDir(context.data);
  const card = await readCard(data);
  const binary = await natsBinary(context.progress);
  const passphrase = await context.passphrase();
  const roots = rootsFrom(passphrase, fileSealer(), card.ledger.id);
  const witnesses = witnessesOf(witness, quorum);
  const log = operationalLog(context);
  // Who types the passphrase is the owner, and is there to look at a clock, and knows what they start.
  const attended = process.env[passphraseVariable] === undefined;
  const stop = stopSignal();
  const options: OpenOptions = {
    ...{ data, card, binary, roots, log, witnesses },
    imageApproved: attended || approveImage,
    whileShut: (error) => atDoor(context, error, stop),
  };
  const ownersTime = attended || confirmClock ? { ownersTime: Date.now } : {};
  const vault = await openOnServers({ ...options, ...ownersTime });
  await settleApp(ownerAppFile(data, card.ledger.id), passphrase).catch((error: unknown) =>
    options.log("the owner's app is not settled", { error: String(error) }),
  );
  return keepOpen(context, options, vault, stop).finally(roots.close);
}

/** Until it is told to stop, or fails in a way that opening again does not mend. */
async function keepOpen(
  context: CommandContext,
  options: OpenOptions,
  opened: VaultOnServers,
  stop: Promise<'stop'>,
): Promise<ExitCode> {
  const failures: number[] = [];
  const ownersTime = timeSince(Date.now(), performance.now());
  let vault: VaultOnServers | Error = opened;
  for (;;) {
    const end = vault instanceof Error ? vault : await serve(context, options.card, vault, stop);
    if (end === 'stop') return 0;
    const now = Date.now();
    failures.push(now);
    const recent = failures.filter((at) => now - at < restartsWindowMs);
    const again = canPass(end) && recent.length <= restartsMax;
    if (again) context.progress(`${end.message}; opening again`);
    const pause = again
      ? wait(restartWaitMs * 2 ** (recent.length - 1))
      : atDoor(context, end, stop);
    const next = Promise.race([stop, pause]);
    if (!(vault instanceof Error)) await answerUntil(next, vault, end, options.log);
    if ((await next) === 'stop' && again) return 0;
    if (!again) throw end;
    vault = await openAgain({ ...options, ownersTime });
  }
}

/** What time it must be: the vault has opened at `wall`, and we have been here ever since. */
function timeSince(wall: number, monotonic: number): () => number {
  return () => wall + (performance.now() - monotonic);
}

/** Until it is told to stop, or something goes wrong. */
async function serve(
  context: CommandContext,
  card: VaultCard,
  vault: VaultOnServers,
  stop: Promise<'stop'>,
): Promise<'stop' | Error> {
  if (context.json) context.print(JSON.stringify({ vault: card.vault, vine: vault.vineUrl }));
  else context.print(`vault ${card.vault} is open; messaging layer at ${vault.vineUrl}`);
  const end = await Promise.race([stop, vault.failed]);
  if (end === 'stop') {
    await vault.close();
    context.progress('the vault is closed');
  }
  return end;
}

/** Has those who ask told why a vault that failed does nothing, where they may know, and lets go of it. */
async function answerUntil(
  next: Promise<unknown>,
  vault: VaultOnServers,
  end: Error,
  log: OpenOptions['log'],
): Promise<void> {
  const reason = shutReason(end);
  if (reason !== undefined) {
    await vault.shut(reason).catch((error: unknown) => log('not shut', { error: String(error) }));
    await next;
  }
  await vault.abandon();
}

/** How long a vault that could not open answers why: where the owner's word is missing, until it is told to stop. */
async function atDoor(context: CommandContext, error: Error, stop: Promise<'stop'>): Promise<void> {
  const word = error instanceof LedgerError ? ownersWord[error.code] : undefined;
  if (word === undefined) return;
  context.progress(`${error.message}; nothing is done until you run it with ${word}`);
  await stop;
}

/** A server that dies while the vault opens again is one more failure, and no reason to give up. */
async function openAgain(options: OpenOptions): Promise<VaultOnServers | Error> {
  try {
    return await openOnServers(options);
  } catch (error) {
    if (error instanceof CliError || !(error instanceof Error)) throw error;
    return error;
  }
}

function canPass(error: Error): boolean {
  return !(error instanceof LedgerError) || passing.has(error.code);
}

function stopSignal(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve('stop'));
  });
}

/** Operational log on standard error: lines for a person, JSON for a machine. Never the audit. */
function operationalLog(context: CommandContext): OpenOptions['log'] {
  if (!context.json)
    return (line, details) => {
      const shown = details === undefined ? '' : ` ${JSON.stringify(details)}`;
      context.progress(`${line}${shown}`);
    };
  const logger = pino({ base: null }, pino.destination({ dest: 2, sync: true }));
  return (line, details) => logger.info(details ?? {}, line);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
