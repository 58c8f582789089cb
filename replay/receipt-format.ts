import { recordBytesMax } from '../ledger/record.ts';
import type { RotationJson } from '../ledger/rotation-json.ts';
import { noteBytesMax } from '../ledger/signed-note.ts';
import { fromBase64 } from '../wire/bytes.ts';
import { objectSchema, schemaFault } from '../wire/json-schema.ts';
import type { JsonSchema } from '../wire/manifest.ts';
import { type SignedStatement, signedStatementSchema } from '../wire/statement.ts';
import { ReceiptError } from './receipt-error.ts';
import type { ReceiptSummary } from './receipt-summary.ts';

/** What a receipt calls itself. */
export const receiptType = 'cambium-receipt';
/** Version of the receipt format. */
export const receiptVersion = 1;
/** Largest receipt, in bytes of text. */
export const receiptBytesMax: number = 64 * 1024 * 1024;
/** Most records of one receipt. */
export const receiptRecordsMax = 10_000;
const rotationsMax = 1_000;
const statementsMax = 64;
/** Siblings of a leaf in a tree of 2^53 - 1 leaves, at most. */
const proofMax = 53;

/** One record of the ledger, with its way to the root. Bytes are base64. */
export type ReceiptRecord = {
  readonly index: number;
  /** The record, as the ledger stores it. */
  readonly stored: string;
  /** 32 bytes each, leaf to root. */
  readonly proof: readonly string[];
  /** Opens this record, and no other; absent where it is not disclosed. */
  readonly key?: string;
};

/** What a receipt holds besides its summary. */
export type ReceiptEvidence = {
  /** The vault's signed statements about the event, in the order of their records. */
  readonly statements: readonly SignedStatement[];
  /** Id (hex) and first key of the ledger; the key as a vkey of C2SP signed-note. */
  readonly ledger: { readonly id: string; readonly key: string };
  readonly rotations: readonly RotationJson[];
  /** Signed note (C2SP tlog-checkpoint) over a tree that holds every record below. */
  readonly checkpoint: string;
  /** In the order of the ledger. */
  readonly records: readonly ReceiptRecord[];
};

/** What a receipt says, and the evidence for it: one JSON file. */
export type Receipt = {
  readonly type: typeof receiptType;
  readonly v: typeof receiptVersion;
  readonly summary: ReceiptSummary;
} & ReceiptEvidence;

const index: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const base64 = (bytes: number): JsonSchema => {
  const length = Math.ceil(bytes / 3) * 4;
  return {
    type: 'string',
    minLength: length,
    maxLength: length,
    pattern: '^[A-Za-z0-9+/]*={0,2}$',
  };
};

const recordSchema: JsonSchema = objectSchema(
  {
    index,
    stored: {
      type: 'string',
      maxLength: Math.ceil(recordBytesMax / 3) * 4,
      pattern: '^[A-Za-z0-9+/]*={0,2}$',
    },
    proof: { type: 'array', maxItems: proofMax, items: base64(32) },
    key: base64(32),
  },
  ['key'],
);

const rotationSchema: JsonSchema = objectSchema({
  index,
  head: base64(32),
  key: base64(32),
  by_old: base64(64),
  by_new: base64(64),
});

/** The summary has no schema of its own: it must be what follows from the rest, to the letter. */
const receiptSchema: JsonSchema = objectSchema({
  type: { const: receiptType },
  v: { const: receiptVersion },
  summary: {
    type: 'object',
    required: ['about'],
    properties: { about: { enum: ['event', 'record', 'connection'] } },
  },
  statements: { type: 'array', maxItems: statementsMax, items: signedStatementSchema },
  ledger: objectSchema({
    id: { type: 'string', pattern: '^[0-9a-f]{32}$' },
    key: { type: 'string', maxLength: 128 },
  }),
  rotations: { type: 'array', maxItems: rotationsMax, items: rotationSchema },
  checkpoint: { type: 'string', maxLength: noteBytesMax },
  records: { type: 'array', minItems: 1, maxItems: receiptRecordsMax, items: recordSchema },
});

/**
 * Reads a receipt from anywhere. Only its form is checked: nothing in it is proved.
 * @throws ReceiptError TOO_LARGE, MALFORMED, VERSION_UNSUPPORTED
 */
export function parseReceipt(text: string): Receipt {
  if (text.length > receiptBytesMax)
    throw new ReceiptError('TOO_LARGE', `more than ${receiptBytesMax} bytes`);
  const value = parseJson(text);
  const { type, v } = Object(value) as { type?: unknown; v?: unknown };
  if (type !== receiptType) throw new ReceiptError('MALFORMED', 'this is not a receipt');
  if (v !== receiptVersion)
    throw new ReceiptError('VERSION_UNSUPPORTED', 'a receipt of another version');
  const fault = schemaFault(receiptSchema, value);
  if (fault !== undefined) throw new ReceiptError('MALFORMED', fault);
  return value as Receipt;
}

/** The receipt as text: what is written to a file. */
export function formatReceipt(receipt: Receipt): string {
  return `${JSON.stringify(receipt, null, 2)}\n`;
}

/**
 * Bytes of a base64 member.
 * @param what - names it, for the error
 * @throws ReceiptError MALFORMED
 */
export function bytesIn(what: string, text: string, record?: number): Uint8Array {
  try {
    return fromBase64(text);
  } catch {
    throw new ReceiptError('MALFORMED', `${what} is not base64`, record);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ReceiptError('MALFORMED', 'this is not JSON');
  }
}
