import { toBase64url, toHex } from '../../wire/bytes.ts';
import type { Answer } from '../../wire/messages.ts';
import { signStatement } from '../../wire/statement.ts';
import type { Question } from './answers.ts';
import type { Turn, VaultParts } from './turn.ts';

/**
 * An answer with the vault's signed word on it, where it goes to a service: which record it follows
 * from, by its leaf. The owner's app needs none. A refusal's has one length, whatever the reason.
 * @param question - its record was added in this turn
 */
export function withStatement(
  { secrets, journal }: VaultParts,
  { batch }: Turn,
  { connection: id, id: event, from }: Question,
  answer: Answer,
): Answer {
  const connection = batch.state.connections.get(id);
  if (connection?.kind !== 'service' || connection.keys === undefined) return answer;
  const found = batch.leafOf(from);
  if (found === undefined) throw new Error(`record ${from} is not of this turn`);
  const { type, status } = answer;
  const { contractHash } = connection;
  const { leaf, time, key, signature, contract } = signStatement(secrets.ledger, {
    ...{ vault: batch.state.vault, ledger: toHex(journal.ledgerId), connection: id, event },
    ...{ type, status, leaf: toBase64url(found), time: batch.time },
    ...(answer.status === 'refused' ? { code: answer.code } : {}),
    ...(contractHash === undefined ? {} : { contract: contractHash }),
  });
  const terms = contract === undefined ? {} : { contract };
  return { ...answer, statement: { leaf, time, key, signature, ...terms } };
}
