import { ledgerLog, openCheckpoint } from '../../ledger/checkpoint.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { LedgerProofs } from '../../ledger/ledger-proofs.ts';
import { equalBytes } from '../../wire/bytes.ts';

/**
 * Holds what somebody has seen of this ledger against what it is now. Another ledger's checkpoint says
 * nothing about this one: then the answer is `false`.
 * @param who - for the error: "the owner's app"
 * @throws LedgerError ROLLED_BACK, FORKED when this is not that ledger any more
 */
export async function continues(
  ledger: Ledger,
  proofs: LedgerProofs,
  note: string,
  who: string,
): Promise<boolean> {
  const { size, keys } = ledger.durableEnd;
  const all = keys.map(({ publicKey }) => publicKey);
  const opened = openCheckpoint(note, ledgerLog(ledger.identity.id, all));
  if (!opened.ok) return false;
  const seen = opened.checkpoint;
  if (seen.size > size)
    throw new LedgerError('ROLLED_BACK', `${who} has seen ${seen.size} records of ${size}`);
  if (seen.size > 0 && !equalBytes(await proofs.root(seen.size), seen.root))
    throw new LedgerError('FORKED', `${who} has seen another history`);
  return true;
}
