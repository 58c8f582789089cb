import { type Contract, type SignedContract, signContract } from '../../wire/contract.ts';
import type { Turn, VaultParts } from './turn.ts';

/** A contract that the vault has drawn up of its owner's word, signed by its own signing key of now. */
export function signedByVault(
  { secrets }: VaultParts,
  { batch }: Turn,
  contract: Contract,
): SignedContract {
  const { keys } = batch.state;
  const signer = keys && secrets.signing.keyFor(keys.signing);
  if (signer === undefined) throw new Error('the vault has no signing key');
  return signContract(signer, contract);
}
