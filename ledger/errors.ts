import type { StoredCommit } from './commit-store.ts';

/** What can be wrong with a ledger. */
export type LedgerErrorCode =
  /** Bytes that are not a commit or a record of this format. */
  | 'COMMIT_MALFORMED'
  | 'RECORD_MALFORMED'
  | 'KIND_UNKNOWN'
  | 'VERSION_UNSUPPORTED'
  /** A commit of another ledger. */
  | 'FOREIGN'
  /** Commits are missing, doubled or out of order. */
  | 'INDEX_GAP'
  /** The chain does not go through: edited, swapped or forked. */
  | 'HEAD_MISMATCH'
  | 'SIGNATURE_INVALID'
  | 'TIME_REVERSED'
  /** A file that is not a whole export. */
  | 'EXPORT_MALFORMED'
  /** The store says that it lost messages. */
  | 'SEQUENCE_GAP'
  /** The ledger holds no record at all. */
  | 'EMPTY'
  /** The first record is not a genesis, or a later one is; or a ledger is there where one is to begin. */
  | 'GENESIS_INVALID'
  /** A record does not open under its scope's key, or its key is not the one it commits to. */
  | 'SEAL_BROKEN'
  | 'KEY_COMMITMENT'
  | 'KEY_MISSING'
  /** A record's place within its scope is wrong: records of this scope are missing. */
  | 'SCOPE_CHAIN'
  | 'BODY_MALFORMED'
  /** A record of an erased scope stands where none can, or an erasure does not say what was there. */
  | 'TOMBSTONE_INVALID'
  /** A pin has seen more records than are here, other ones, or keeps what is no checkpoint of this ledger. */
  | 'ROLLED_BACK'
  | 'FORKED'
  | 'PIN_INVALID'
  | 'PIN_MISSING'
  /** A pin cannot be moved. */
  | 'PIN_UNREACHABLE'
  /** Something else than the vault has changed a pin. */
  | 'PIN_CONFLICT'
  /** The host's clock is more than an hour ahead of what can be believed. */
  | 'CLOCK_JUMPED'
  /** The program is another one than the one that the owner let open this vault. */
  | 'IMAGE_UNAPPROVED'
  /** A checkpoint is not one of the tree before it. */
  | 'CHECKPOINT_MISMATCH'
  /** The keyring is not the one that the ledger recorded. */
  | 'RING_ROLLED_BACK'
  /** The root does not unwrap it: another passphrase, sealer or ledger. */
  | 'RING_LOCKED'
  | 'RING_MALFORMED'
  /** More than one commit, or one keyring, may hold. */
  | 'TOO_LARGE'
  /** Another writer has the ledger now; this one is closed for good. */
  | 'FENCED'
  | 'CLOSED'
  /** The store did not take an append, or could not be asked. */
  | 'STORE_UNAVAILABLE';

/** A ledger that is not whole, or cannot be written. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;
  /** The first bad record, where there is one. */
  readonly index?: number;
  /** JetStream sequence of the commit at fault, where there is one. */
  readonly sequence?: number;
  /** What the store gave there instead of what has to stand there. */
  readonly commit?: StoredCommit;

  constructor(
    code: LedgerErrorCode,
    message: string,
    where: { index?: number; sequence?: number; commit?: StoredCommit; cause?: unknown } = {},
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.code = code;
    if (where.index !== undefined) this.index = where.index;
    if (where.sequence !== undefined) this.sequence = where.sequence;
    if (where.commit !== undefined) this.commit = where.commit;
  }
}
