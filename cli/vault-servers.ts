import type { LedgerServer } from '../core/bus/ledger-server.ts';
import type { NatsServer } from '../core/bus/nats-server.ts';
import type { ShutReason } from '../core/manager/door.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { RootSource } from '../ledger/ring-root.ts';
import type { OwnersWord } from './begin-vault.ts';
import type { DataDir, VaultCard } from './data-dir.ts';
import { runningVine, type Stay, type VineNote } from './notes.ts';
import { pinsOf, seenByApp, type Witnesses, witnessesOf } from './pins.ts';
import { startLedger, startVine } from './servers.ts';
import { openVault, type RunningVault } from './wiring.ts';

const attachedCheckMs = 500;

/** A vault with the servers under it. */
export type VaultOnServers = {
  readonly vineUrl: string;
  /** Resolves with what went wrong when the vault cannot go on; never when it is closed. */
  readonly failed: Promise<Error>;
  /** Closes the vault in good order, then its servers. */
  close(): Promise<void>;
  /** Of a vault that has failed: tells those who ask why nothing happens, until it is abandoned. */
  shut(reason: ShutReason): Promise<void>;
  /** Lets go of a vault that has failed, and stops its servers. */
  abandon(): Promise<void>;
};

/** What is needed to open a data directory's vault. */
export type OpenOptions = OwnersWord & {
  readonly data: DataDir;
  readonly card: VaultCard;
  readonly binary: string;
  readonly roots: RootSource;
  readonly log: (line: string, details?: Record<string, unknown>) => void;
  /** Pins that keep nothing begin anew. */
  readonly adopt?: boolean;
  readonly witnesses?: Witnesses | undefined;
};

/**
 * Starts the servers of a data directory (the messaging layer only where none runs yet) and opens
 * its vault on them, to stay.
 * @throws CliError when the directory is in use, LedgerError when the ledger is not whole
 */
export async function openOnServers(options: OpenOptions): Promise<VaultOnServers> {
  const ledger = await startLedger(options.data, options.binary, 'lasting');
  return openOnLedger(options, ledger, 'lasting');
}

/**
 * Opens a vault on a ledger server that is its own from now on.
 * @throws LedgerError when the ledger is not whole
 */
export async function openOnLedger(
  options: OpenOptions,
  ledger: LedgerServer,
  stay: Stay,
): Promise<VaultOnServers> {
  const { data, card, binary, roots, log, ownersTime, imageApproved, whileShut } = options;
  const witnesses = options.witnesses ?? witnessesOf([], undefined);
  let vine: NatsServer | undefined;
  let vault: RunningVault | undefined;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  let attached: NodeJS.Timeout | undefined;
  const stopServers = async (): Promise<void> => {
    clearInterval(attached);
    await Promise.all([ledger.stop(), vine?.stop()]);
  };
  try {
    const running = await runningVine(data);
    if (running === undefined) vine = await startVine(data, binary, stay);
    else attached = watchAttached(data, running, (error) => fail(error));
    const vineUrl = running?.url ?? vine?.url ?? '';
    vault = await openVault({
      card,
      roots,
      ledger: { url: ledger.url, seed: ledger.seeds.runtime },
      vine: { url: vineUrl },
      pins: pinsOf(card),
      adopt: options.adopt ?? false,
      ...(witnesses === undefined ? {} : { witnesses }),
      seen: await seenByApp(card),
      log,
      ...(ownersTime === undefined ? {} : { ownersTime }),
      ...(imageApproved === undefined ? {} : { imageApproved }),
      ...(whileShut === undefined ? {} : { whileShut }),
      onFailure: fail,
    });
    watchServers(ledger, vine, fail);
    const opened = vault;
    return {
      vineUrl,
      failed,
      close: async () => {
        await opened.close();
        await stopServers();
      },
      shut: (reason) => opened.shut(reason),
      abandon: async () => {
        await opened.abandon();
        await stopServers();
      },
    };
  } catch (error) {
    await vault?.abandon();
    await stopServers();
    throw error;
  }
}

function watchServers(
  ledger: LedgerServer,
  vine: NatsServer | undefined,
  fail: (error: Error) => void,
): void {
  void ledger.exited.then(() =>
    fail(new LedgerError('STORE_UNAVAILABLE', 'the ledger server has stopped')),
  );
  void vine?.exited.then(() => fail(new Error('the messaging server has stopped')));
}

/** A messaging layer that is not our child, too, comes back at another port: the old one is never there again. */
function watchAttached(
  data: DataDir,
  note: VineNote,
  fail: (error: Error) => void,
): NodeJS.Timeout {
  const check = async (): Promise<void> => {
    const found = await runningVine(data);
    if (found?.url !== note.url) fail(new Error('the messaging layer has stopped'));
  };
  return setInterval(() => void check(), attachedCheckMs);
}
