import { equalBytes, fromBase64url, toHex } from '../wire/bytes.ts';
import { checkStatement, type SignedStatement, statementKeyId } from '../wire/statement.ts';
import { answerFrom, codeFor, type Said } from './receipt-contents.ts';
import { ReceiptError } from './receipt-error.ts';
import type { KeyChain } from './receipt-keys.ts';
import type { ProvenRecord } from './receipt-records.ts';
import type { EventSummary, ReceiptSummary } from './receipt-summary.ts';

/** A statement that a key of the ledger signed, and the record that it is about. */
export type ProvenStatement = {
  readonly statement: SignedStatement;
  readonly record: ProvenRecord;
};

/**
 * Proves statements: each is signed by a key of the chain, about one of these records, in their order.
 * @throws ReceiptError STATEMENT_INVALID, STATEMENT_UNRELATED, KEY_RETIRED
 */
export function proveStatements(
  statements: readonly unknown[],
  chain: KeyChain,
  records: readonly ProvenRecord[],
): ProvenStatement[] {
  const proven = statements.map((value) => proveStatement(value, chain, records));
  const [first] = proven;
  for (const [at, { statement, record }] of proven.entries()) {
    const { index } = record;
    if (index <= (proven[at - 1]?.record.index ?? -1))
      throw new ReceiptError('STATEMENT_UNRELATED', 'statements out of order', index);
    if (first !== undefined && !isAboutSame(statement, first.statement))
      throw new ReceiptError('STATEMENT_UNRELATED', 'statements about several events', index);
  }
  return proven;
}

/**
 * Proves one statement, and finds the record that it is about.
 * @throws ReceiptError STATEMENT_INVALID, STATEMENT_UNRELATED, KEY_RETIRED
 */
export function proveStatement(
  value: unknown,
  { ledgerId, keys }: KeyChain,
  records: readonly ProvenRecord[],
): ProvenStatement {
  const check = checkStatement(
    value,
    keys.map(({ publicKey }) => publicKey),
  );
  if (!check.ok) throw new ReceiptError('STATEMENT_INVALID', `a statement is ${check.fault}`);
  const { statement } = check;
  if (statement.ledger !== toHex(ledgerId))
    throw new ReceiptError('STATEMENT_UNRELATED', 'a statement about another ledger');
  const leaf = fromBase64url(statement.leaf);
  const record = records.find((one) => equalBytes(one.leaf, leaf));
  if (record === undefined || record.time !== statement.time)
    throw new ReceiptError('STATEMENT_UNRELATED', 'a statement about a record that is not here');
  const at = keys.findIndex(({ publicKey }) => statementKeyId(publicKey) === statement.key);
  const next = keys[at + 1];
  if (next !== undefined && next.from <= record.index)
    throw new ReceiptError(
      'KEY_RETIRED',
      `a statement on record ${record.index} by a key that was replaced before`,
      record.index,
    );
  return { statement, record };
}

/**
 * Holds a proved statement against what the open records say.
 * @throws ReceiptError STATEMENT_CONTRADICTED
 */
export function expectAgreement(
  statement: SignedStatement,
  record: ProvenRecord,
  summary: ReceiptSummary,
): void {
  if (summary.about !== 'event') return;
  const { event, connection, type } = summary;
  const sameEvent =
    statement.event === event &&
    statement.connection === connection &&
    statement.type === (type ?? '');
  if (sameEvent && sameContract(statement, record, summary) && saysTheSame(statement, record))
    return;
  throw new ReceiptError(
    'STATEMENT_CONTRADICTED',
    `the vault has signed something else about record ${record.index} than it says`,
    record.index,
  );
}

/** A later record may be under a later version of the contract than the first decision. */
function sameContract(
  statement: SignedStatement,
  { kind, disclosed }: ProvenRecord,
  { contract }: EventSummary,
): boolean {
  if (kind !== 'decided' || disclosed === undefined) return true;
  const { again } = disclosed.contents as unknown as Said['decided'];
  // Without an id it is the statements' own word.
  const hash = contract?.id === null ? null : contract?.hash;
  return again || hash === null || hash === undefined || statement.contract === hash;
}

function saysTheSame(statement: SignedStatement, { kind, disclosed }: ProvenRecord): boolean {
  if (disclosed === undefined) return true;
  const answer = answerFrom(kind, disclosed.contents, statement.type);
  if (answer === undefined || answer.status !== statement.status) return false;
  return codeFor(answer).code === statement.code;
}

function isAboutSame(one: SignedStatement, other: SignedStatement): boolean {
  const members = ['vault', 'connection', 'event', 'type'] as const;
  return members.every((member) => one[member] === other[member]);
}
