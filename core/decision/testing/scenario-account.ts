import { Map as Table } from 'immutable';
import type { Connection } from '../../../projections/vault-state.ts';
import { type AccountProof, proveAccount } from '../../../wire/account-proof.ts';
import { signerFrom } from '../../../wire/crypto.ts';
import { accountName } from '../../../wire/nkey.ts';
import type { Scenario } from './scenario.ts';
import { signer } from './scenario-contract.ts';

const ownAccount = signerFrom(new Uint8Array(32).fill(4));

/** Another connection of the vault, which has the account already. */
export const accountHolder: Connection = {
  id: 'h'.repeat(26),
  kind: 'service',
  status: 'active',
  party: accountName(ownAccount.publicKey),
  account: accountName(ownAccount.publicKey),
  name: 'The Shop',
  scope: '9'.repeat(32),
  optional: [],
  served: Table(),
  receiving: Table(),
  seen: 0,
};

/** The account that a request to connect names, and who has signed for that. */
export function accountProof(
  account: Exclude<Scenario['account'], 'none'>,
  where: { readonly vault: string; readonly connection: string; readonly event: string },
): AccountProof {
  const use = { ...where, signing: signer.publicKey };
  const key = accountName(ownAccount.publicKey);
  return account === 'foreign'
    ? { ...proveAccount(signer, use), key }
    : proveAccount(ownAccount, use);
}
