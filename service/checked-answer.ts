import { fromBase64url } from '../wire/bytes.ts';
import type { Event } from '../wire/event.ts';
import type { Answer, Invite } from '../wire/messages.ts';
import { type AnswerStatement, checkStatement, type StatementCheck } from '../wire/statement.ts';
import type { PeerIdentity } from './session.ts';

/** Whose word a vault's statements are. */
export type KnownLedger = {
  /** Ledger id, hex. */
  readonly id: string;
  /** Ed25519 keys of the ledger that we know, 32 bytes each. */
  readonly keys: readonly Uint8Array[];
};

/** An answer, and whether the vault has signed it. */
export type CheckedAnswer = Answer & {
  /** Kept as evidence where it is good; absent for the owner's app, which is told no statements. */
  readonly check?: StatementCheck;
};

/** The ledger that an invite names. */
export function ledgerOf({ ledger }: Invite): KnownLedger {
  return { id: ledger.id, keys: [fromBase64url(ledger.key)] };
}

/**
 * The answer in an event of the vault, with its statement checked: it must be about this event, on this
 * connection, with this status and code. The session has authenticated the answer; the statement is what
 * others can be shown.
 */
export function checkedAnswer(
  identity: Pick<PeerIdentity, 'vault' | 'connection' | 'ledger'>,
  { cause, payload }: Event,
): CheckedAnswer {
  const answer = payload as unknown as Answer;
  const { ledger, vault, connection } = identity;
  if (ledger === undefined) return answer;
  if (answer.statement === undefined) return { ...answer, check: { ok: false, fault: 'missing' } };
  if (!isBare(answer.statement)) return { ...answer, check: { ok: false, fault: 'malformed' } };
  const { type, status, statement } = answer;
  const code = status === 'refused' ? { code: answer.code } : {};
  const about = { vault, ledger: ledger.id, connection, event: cause, type, status, ...code };
  return { ...answer, check: checkStatement({ ...about, ...statement }, ledger.keys) };
}

const members: ReadonlySet<string> = new Set<keyof AnswerStatement>([
  'contract',
  'leaf',
  'time',
  'key',
  'signature',
]);

/** Nothing but its own members: what a statement is about stands in the answer and nowhere else. */
function isBare(statement: AnswerStatement): boolean {
  if (typeof statement !== 'object' || statement === null) return false;
  return Object.keys(statement).every((name) => members.has(name));
}

/** Another session of ours has drawn the same number, or the vault has lost this epoch. */
export function isOfAnotherEpoch(answer: CheckedAnswer): boolean {
  return (
    answer.status === 'refused' &&
    (answer.code === 'key_unknown' || answer.code === 'decrypt_failed')
  );
}
