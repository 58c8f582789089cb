import { lastKey } from '../../ledger/chain-end.ts';
import { contractInForce } from '../../projections/contract-in-force.ts';
import { toBase64url, toHex } from '../../wire/bytes.ts';
import type { Signer } from '../../wire/crypto.ts';
import type { Answer } from '../../wire/messages.ts';
import { signStatement } from '../../wire/statement.ts';
import type { Question } from './answers.ts';
import type { Turn, VaultParts } from './turn.ts';

/**
 * An answer with the vault's signed word on it, where it goes to a service or a peer: which record it follows
 * from, by its leaf. The owner's app needs none. A refusal's has one length, whatever the reason.
 * @param question - its record was added in this turn
 */
export function withStatement(
  parts: VaultParts,
  { batch }: Turn,
  { connection: id, id: event, from, asker }: Question,
  answer: Answer,
): Answer {
  const connection = batch.state.connections.get(id);
  const keys = asker ?? connection?.keys;
  if (connection === undefined || connection.kind === 'owner' || keys === undefined) return answer;
  const found = batch.leafOf(from);
  if (found === undefined) throw new Error(`record ${from} is not of this turn`);
  const { type, status } = answer;
  const inForce = contractInForce(connection);
  const ledger = toHex(parts.ledger.identity.id);
  const { leaf, time, key, signature, contract } = signStatement(ledgerSigner(parts), {
    ...{ vault: batch.state.vault, ledger, connection: id, event },
    ...{ type, status, leaf: toBase64url(found), time: batch.time },
    ...(answer.status === 'refused' ? { code: answer.code } : {}),
    ...(inForce === undefined ? {} : { contract: inForce }),
  });
  const terms = contract === undefined ? {} : { contract };
  return { ...answer, statement: { leaf, time, key, signature, ...terms } };
}

/** The ledger's key in force: what signs statements now. */
function ledgerSigner({ ledger, secrets }: VaultParts): Signer {
  const signer = secrets.ledger.keyFor(lastKey(ledger.end.keys));
  if (signer === undefined) throw new Error('the ring has no key for its ledger');
  return signer;
}
