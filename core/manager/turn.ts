import type { Keyring } from '../../ledger/keyring.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { LedgerProofs } from '../../ledger/ledger-proofs.ts';
import type { VaultSecrets } from '../keys/vault-secrets.ts';
import type { Batch, Journal } from './journal.ts';
import type { Admission, DeviceAccess, HandlerRunner, PeerLines, VaultBus } from './ports.ts';
import type { Sealer } from './sealer.ts';

/** What a vault's manager is made of. */
export type VaultParts = {
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly proofs: LedgerProofs;
  readonly ring: Keyring;
  readonly secrets: VaultSecrets;
  readonly sealer: Sealer;
  readonly bus: VaultBus;
  readonly admission: Admission;
  readonly devices: DeviceAccess;
  readonly peers: PeerLines;
  readonly runner: HandlerRunner;
  /** Resolves when what was queued so far is with the messaging layer, or has had a moment to get there. */
  readonly published: () => Promise<void>;
  /** Operational log: no values, no payloads. */
  readonly log: (line: string, details?: Record<string, unknown>) => void;
};

/** One turn at the ledger: facts, and what may happen once they are durable. */
export type Turn = {
  readonly batch: Batch;
  /** Runs after the commit is durable, in order; never when it is not. */
  readonly effects: (() => void)[];
  /** Does some work when this turn is durable, and then takes another turn. */
  readonly later: (work: Work) => void;
};

/** What takes a turn: adds facts, and effects for when they are durable. */
export type Task = (turn: Turn) => Promise<void>;

/** Work between two turns: when it is done its task takes a turn, in a batch of its own where it says so. */
export type Work = () => Promise<{ readonly task: Task; readonly begin?: () => Batch }>;
