import { fromBase64url, fromHex, toBase64url } from './bytes.ts';
import { type Signer, verifySignature } from './crypto.ts';
import { isEventId } from './identifiers.ts';
import { objectSchema, schemaFault } from './json-schema.ts';
import { keyId } from './key-encapsulation.ts';
import type { JsonSchema } from './manifest.ts';
import { encodeCanonical, integer } from './msgpack.ts';
import type { PublicReason } from './reasons.ts';

/*
 * What a vault signs about each of its decisions, for the service that it concerns: no value of a field,
 * so that nobody can prove data to be genuine with it, and no index, which would tell how busy the vault is.
 */

const statementDomain = 'cambium/statement/v1';

/** How a request stands, in the word that its answer says. */
export type AnswerStatus = 'served' | 'pending' | 'refused';

/** What was decided about one event, and the leaf of the record that says so. */
export type Statement = {
  readonly vault: string;
  /** Id of the vault's ledger, hex. */
  readonly ledger: string;
  readonly connection: string;
  /** Id of the event that was decided about. */
  readonly event: string;
  /** Its type; empty where its envelope did not open. */
  readonly type: string;
  readonly status: AnswerStatus;
  /** What the peer is told, where it was refused. */
  readonly code?: PublicReason;
  /** Hash of the contract in force, hex; absent where there was none yet. */
  readonly contract?: string;
  /** Leaf of the record that the answer follows from, base64url. */
  readonly leaf: string;
  /** Time of that record, Unix milliseconds. */
  readonly time: number;
};

/** A statement with its signature. */
export type SignedStatement = Statement & {
  /** Id of the ledger's key that signed it, base64url. */
  readonly key: string;
  /** Base64url. */
  readonly signature: string;
};

/** What goes with an answer; all else that was signed stands in the answer and its event. */
export type AnswerStatement = Pick<
  SignedStatement,
  'contract' | 'leaf' | 'time' | 'key' | 'signature'
>;

/** Why a statement is not believed. */
export type StatementFault =
  /** There is none. */
  | 'missing'
  | 'malformed'
  /** It names a key of the ledger that is not known here. */
  | 'key_unknown'
  /** Its key has not signed this: it was altered, or is about something else. */
  | 'forged';

/** A statement that a known key signed, or why it is not believed. */
export type StatementCheck =
  | { readonly ok: true; readonly statement: SignedStatement }
  | {
      readonly ok: false;
      readonly fault: 'key_unknown';
      /** Worth keeping: the ledger's key may have changed, and whoever shows how brings the new one. */
      readonly statement: SignedStatement;
    }
  | { readonly ok: false; readonly fault: Exclude<StatementFault, 'key_unknown'> };

const identifier: JsonSchema = { type: 'string', pattern: '^[a-z2-7]{26}$' };
const hash32: JsonSchema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const base64url = (length: number): JsonSchema => ({
  type: 'string',
  pattern: `^[A-Za-z0-9_-]{${length}}$`,
});

/** A signed statement as JSON. */
export const signedStatementSchema: JsonSchema = objectSchema(
  {
    vault: identifier,
    ledger: { type: 'string', pattern: '^[0-9a-f]{32}$' },
    connection: identifier,
    event: { type: 'string', pattern: '^[0-9a-f-]{36}$' },
    type: { type: 'string', maxLength: 64, pattern: '^[a-z0-9_.]*$' },
    status: { enum: ['served', 'pending', 'refused'] },
    code: { type: 'string', pattern: '^[a-z_]{1,64}$' },
    contract: hash32,
    leaf: base64url(43),
    time: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    key: base64url(22),
    signature: base64url(86),
  },
  ['code', 'contract'],
);

/**
 * Signs a statement.
 * @param signer - the ledger's key in force
 */
export function signStatement(signer: Signer, statement: Statement): SignedStatement {
  const signature = signer.sign(statementDomain, statementBytes(statement));
  return {
    ...statement,
    key: statementKeyId(signer.publicKey),
    signature: toBase64url(signature),
  };
}

/** How statements name a ledger key (32 bytes). */
export function statementKeyId(publicKey: Uint8Array): string {
  return toBase64url(keyId(publicKey));
}

/**
 * Checks a statement from anywhere against the keys of its ledger.
 * @param value - attacker-controlled
 * @param keys - 32 bytes each, those that are known
 */
export function checkStatement(value: unknown, keys: readonly Uint8Array[]): StatementCheck {
  if (schemaFault(signedStatementSchema, value) !== undefined) return malformed;
  const statement = value as SignedStatement;
  if ((statement.status === 'refused') !== (statement.code !== undefined)) return malformed;
  if (!isEventId(statement.event)) return malformed;
  const key = keys.find((one) => statementKeyId(one) === statement.key);
  if (key === undefined) return { ok: false, fault: 'key_unknown', statement };
  return isSigned(statement, key) ? { ok: true, statement } : { ok: false, fault: 'forged' };
}

const malformed: StatementCheck = { ok: false, fault: 'malformed' };

/** Text that is no canonical base64url decodes to nothing that was signed. */
function isSigned(statement: SignedStatement, key: Uint8Array): boolean {
  try {
    const signature = fromBase64url(statement.signature);
    return verifySignature(key, statementDomain, statementBytes(statement), signature);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What is signed: canonical msgpack of a map, with bytes as bytes. */
function statementBytes(statement: Statement): Uint8Array {
  const { vault, ledger, connection, event, type, status, code, contract, leaf, time } = statement;
  return encodeCanonical({
    ...{ vault, connection, event, type, status, code, contract },
    ledger: fromHex(ledger),
    leaf: fromBase64url(leaf),
    time: integer(time),
  });
}
