import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../ledger/kinds.ts';
import type { NoteKey } from '../ledger/note-key.ts';
import { toHex } from '../wire/bytes.ts';
import type { SignedStatement } from '../wire/statement.ts';
import type { Json } from './receipt-contents.ts';
import { ReceiptError, type ReceiptFault } from './receipt-error.ts';
import { parseReceipt, type ReceiptEvidence } from './receipt-format.ts';
import {
  followKeys,
  type KeyChain,
  type ProvenCheckpoint,
  proveCheckpoint,
  type Witnessed,
} from './receipt-keys.ts';
import { type ProvenRecord, proveRecords } from './receipt-records.ts';
import { expectAgreement, proveStatement, proveStatements } from './receipt-statements.ts';
import { eventSummary, type ReceiptSummary, recordSummary } from './receipt-summary.ts';
import { connectionSummary } from './scope-run.ts';

/** What the reader of a receipt has of their own. */
export type ReaderKnows = {
  /** A key of the ledger, 32 bytes: without it nothing says whose ledger it is. */
  readonly key?: Uint8Array;
  /** Witnesses that must have cosigned the checkpoint. */
  readonly witnesses?: readonly NoteKey[];
  /** Statements that the reader was given by the vault. Attacker-controlled too. */
  readonly statements?: readonly unknown[];
};

/** One record that was proved to stand in the ledger. */
export type ShownRecord = {
  readonly index: number;
  readonly kind: Kind;
  /** Unix milliseconds. */
  readonly time: number;
  /** Hex. */
  readonly leaf: string;
  /** What it says, bytes as hex; absent where it is closed. */
  readonly contents?: Json;
};

/** A receipt that holds. */
export type GoodReceipt = {
  readonly ok: true;
  readonly summary: ReceiptSummary;
  readonly ledger: {
    /** Hex. */
    readonly id: string;
    /** Vkey of its first key. */
    readonly key: string;
    /** Whether the reader's own key leads to it. */
    readonly known: boolean;
    /** How often its key has changed since. */
    readonly rotations: number;
  };
  readonly checkpoint: {
    readonly size: number;
    /** Hex. */
    readonly root: string;
    readonly witnesses: readonly Witnessed[];
    /** Names of other signers, whose keys were not given: they prove nothing. */
    readonly unknown: readonly string[];
  };
  readonly records: readonly ShownRecord[];
  /** The vault's signed word on the event, as the receipt brings it. */
  readonly statements: readonly SignedStatement[];
  /** The reader's own statements, each with the record that it is about. */
  readonly matched: readonly { readonly record: number; readonly statement: SignedStatement }[];
};

/** What a verification found. */
export type ReceiptVerdict =
  | GoodReceipt
  | {
      readonly ok: false;
      readonly code: ReceiptFault;
      readonly message: string;
      /** The record at fault, where there is one. */
      readonly index?: number;
    };

/**
 * Verifies a receipt. It needs nothing but its text, and the reader's key of the ledger to know whose it
 * is. The text is attacker-controlled, and so is all that the vault itself put into it.
 */
export function verifyReceipt(text: string, knows: ReaderKnows = {}): ReceiptVerdict {
  try {
    return goodReceipt(text, knows);
  } catch (error) {
    if (!(error instanceof ReceiptError)) throw error;
    const { code, message, index } = error;
    return index === undefined ? { ok: false, code, message } : { ok: false, code, message, index };
  }
}

/** What evidence proves, and the summary that follows from it. */
type Proved = {
  readonly summary: ReceiptSummary;
  readonly chain: KeyChain;
  readonly checkpoint: ProvenCheckpoint;
  readonly records: readonly ProvenRecord[];
  readonly statements: readonly SignedStatement[];
};

/**
 * The summary that follows from evidence, whatever a receipt says.
 * @throws ReceiptError
 */
export function summaryOf(
  evidence: ReceiptEvidence,
  about: ReceiptSummary['about'],
): ReceiptSummary {
  return prove(evidence, about, {}).summary;
}

function goodReceipt(text: string, knows: ReaderKnows): GoodReceipt {
  const receipt = parseReceipt(text);
  const { about } = receipt.summary;
  const { summary, chain, checkpoint, records, statements } = prove(receipt, about, knows);
  if (!isDeepStrictEqual(summary, receipt.summary))
    throw new ReceiptError('SUMMARY_MISMATCH', 'the summary is not what the records say');
  const matched = (knows.statements ?? []).map((value) => {
    const { statement, record } = proveStatement(value, chain, records);
    expectAgreement(statement, record, summary);
    return { record: record.index, statement };
  });
  const { size, root, witnesses, unknown } = checkpoint;
  return {
    ok: true,
    summary,
    ledger: {
      id: receipt.ledger.id,
      key: receipt.ledger.key,
      known: knows.key !== undefined,
      rotations: receipt.rotations.length,
    },
    checkpoint: { size, root: toHex(root), witnesses, unknown },
    records: records.map(shown),
    statements,
    matched,
  };
}

function prove(
  evidence: ReceiptEvidence,
  about: ReceiptSummary['about'],
  knows: ReaderKnows,
): Proved {
  const chain = followKeys(evidence);
  const witnesses = knows.witnesses ?? [];
  const checkpoint = proveCheckpoint(evidence.checkpoint, chain, knows.key, witnesses);
  const records = proveRecords(evidence.records, chain.ledgerId, checkpoint);
  const proven = proveStatements(evidence.statements, chain, records);
  const statements = proven.map(({ statement }) => statement);
  const summary = summarize(about, records, statements);
  for (const { statement, record } of proven) expectAgreement(statement, record, summary);
  return { summary, chain, checkpoint, records, statements };
}

function summarize(
  about: ReceiptSummary['about'],
  records: readonly ProvenRecord[],
  statements: readonly SignedStatement[],
): ReceiptSummary {
  if (about === 'event') return eventSummary(records, statements);
  if (statements.length > 0)
    throw new ReceiptError('STATEMENT_UNRELATED', 'statements are about an event');
  return about === 'connection' ? connectionSummary(records) : recordSummary(records);
}

function shown({ index, kind, time, leaf, disclosed }: ProvenRecord): ShownRecord {
  const record = { index, kind, time, leaf: toHex(leaf) };
  return disclosed === undefined ? record : { ...record, contents: disclosed.contents };
}
