import { readFile, stat } from 'node:fs/promises';
import { type NoteKey, parseVkey } from '../ledger/note-key.ts';
import { printable } from '../projections/printable.ts';
import { receiptBytesMax } from '../replay/receipt-format.ts';
import { claimsOf, renderReceipt } from '../replay/receipt-words.ts';
import { type ReaderKnows, type ReceiptVerdict, verifyReceipt } from '../replay/verify-receipt.ts';
import { fromBase64url, fromHex } from '../wire/bytes.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';

/** What `cambium receipt verify` is told. It needs no data directory, no server and no passphrase. */
export type VerifyReceiptOptions = Pick<CommandContext, 'json' | 'print' | 'colour'> & {
  readonly file: string;
  /** A key of the ledger: a vkey of C2SP signed-note, 64 hex digits, or base64url as in `vault.json`. */
  readonly key?: string;
  /** Statements that a service kept: they must be about this receipt. */
  readonly statement?: string;
  /** Vkeys of witnesses that must have cosigned its checkpoint. */
  readonly witness?: readonly string[];
};

const statementBytesMax: number = 1024 * 1024;
const statementsMax = 64;

/** `cambium receipt verify FILE`: what a receipt proves, and what it does not. */
export async function verifyReceiptCommand(options: VerifyReceiptOptions): Promise<ExitCode> {
  const { json, print, colour } = options;
  const knows: ReaderKnows = {
    ...(options.key === undefined ? {} : { key: keyIn(options.key) }),
    witnesses: (options.witness ?? []).map(witnessIn),
    statements: options.statement === undefined ? [] : await readStatements(options.statement),
  };
  const text = await readText(options.file, receiptBytesMax);
  const verdict: ReceiptVerdict =
    text === undefined
      ? { ok: false, code: 'TOO_LARGE', message: `more than ${receiptBytesMax} bytes` }
      : verifyReceipt(text, knows);
  print(json ? JSON.stringify(asJson(verdict)) : render(verdict, colour));
  return verdict.ok ? 0 : 1;
}

function render(verdict: ReceiptVerdict, colour: boolean): string {
  const paint = (line: string, code: number): string =>
    colour ? `\u001b[${code}m${line}\u001b[0m` : line;
  if (!verdict.ok) return paint(printable(`NOT GOOD: ${verdict.message} (${verdict.code})`), 31);
  const [first = '', ...others] = renderReceipt(verdict).split('\n');
  return [paint(first, 32), ...others].join('\n');
}

function asJson(verdict: ReceiptVerdict): unknown {
  if (!verdict.ok) return verdict;
  const { proves, leaves } = claimsOf(verdict);
  return { ...verdict, proves, does_not_prove: leaves };
}

function keyIn(text: string): Uint8Array {
  const vkey = parseVkey(text);
  if (vkey?.type === 'note') return vkey.publicKey;
  if (/^[0-9a-f]{64}$/i.test(text)) return fromHex(text);
  try {
    if (text.length === 43) return fromBase64url(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new CliError('usage', '--key takes a vkey, 64 hex digits, or 43 characters of base64url');
}

function witnessIn(text: string): NoteKey {
  const key = parseVkey(text);
  if (key?.type === 'cosignature') return key;
  throw new CliError('usage', '--witness takes the vkey of a witness (C2SP tlog-cosignature)');
}

async function readStatements(path: string): Promise<readonly unknown[]> {
  const text = await readText(path, statementBytesMax);
  try {
    const { v, statements } = JSON.parse(text ?? '') as { v?: unknown; statements?: unknown };
    const some = v === 1 && Array.isArray(statements) && statements.length > 0;
    if (some && statements.length <= statementsMax) return statements;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new CliError('usage', `${path} holds no statements that a service kept`);
}

/** A file's text; `undefined` when it is longer than that. */
async function readText(path: string, bytesMax: number): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new CliError('usage', `no file at ${path}`);
  return found.size > bytesMax ? undefined : readFile(path, 'utf8');
}
