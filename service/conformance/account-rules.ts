import type { Signer } from '../../wire/crypto.ts';
import { accountName } from '../../wire/nkey.ts';
import { newAccount } from './account-cases.ts';
import { expect, fault, honest, inWords, isRefused, isTaken } from './judge.ts';
import type { Knock, Lab, Party } from './lab.ts';
import { NotApplicable, ofPage, type Rule, type Verdict } from './rule.ts';
import { mainTerms } from './terms.ts';

const rule = ofPage('handshake.md');
const section = 'An account of its own';

/** A party that has proved an account of its own. */
function proved(lab: Lab): Promise<Party & { readonly account: Signer }> {
  return lab.once('account', async () => {
    const account = newAccount();
    const knock = await lab.knock(await lab.invite(), mainTerms, { account });
    return { ...(await lab.accept(knock)), account };
  });
}

/** The same, where the vault gave the account. */
async function withAccount(lab: Lab): Promise<Party & { readonly account: Signer }> {
  const party = await proved(lab);
  if (party.accepted.party === party.connection.invite.party)
    throw new NotApplicable('the vine of this vault has no accounts of services');
  return party;
}

async function duplicateOf({ peer, request }: Knock): Promise<Verdict> {
  const told = await peer.until(() => peer.answers(request.id)[0]);
  const right = told !== undefined && isRefused(told.answer, ['duplicate']);
  return expect(right, 'refused as duplicate', inWords(told));
}

export const accountRules: readonly Rule[] = [
  rule(
    'account',
    section,
    'Whoever proves an account is that party from now on, or else the one of the invite.',
    async (lab) => {
      const { accepted, account, connection, peer } = await withAccount(lab);
      const name = accountName(account.publicKey);
      if (accepted.party !== name)
        return fault(`${name} or ${connection.invite.party}`, accepted.party);
      const told = await peer.ask(honest(peer));
      return expect(isTaken(told), 'a request of the account taken', inWords(told));
    },
  ),
  rule(
    'account-taken',
    'Asking',
    'An account that another connection of the vault has is refused.',
    async (lab) => {
      const { account } = await withAccount(lab);
      return duplicateOf(await lab.knock(await lab.invite(), mainTerms, { account }));
    },
  ),
];
