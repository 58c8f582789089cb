import type { PeerRequest } from '../wire/asked-connection.ts';
import { toBase64url } from '../wire/bytes.ts';
import type { ConnectionAccepted, Invite } from '../wire/messages.ts';
import type { PeerOffer } from '../wire/peer-messages.ts';
import type { CheckedAnswer } from './checked-answer.ts';
import { addressOf, openServiceKeys, type WayToVault } from './service-identity.ts';
import { VaultClient } from './vault-client.ts';

const timerMaxMs = 2 ** 31 - 1;

/** How a vault asks another one to be let in. */
export type Knock = {
  readonly peer: PeerOffer;
  /** Is given what ends the wait. */
  readonly closable: (close: () => void) => void;
};

/**
 * Asks a vault to be let in as a peer, and waits for its owner. A vault that has been asked before, by an earlier
 * process, says so: then the answer to that is waited for.
 * @throws ServiceError NOT_CONNECTED, NOT_ACCEPTED, NO_ANSWER
 */
export async function letInBy(
  way: WayToVault & { readonly invite: Invite },
  { peer, closable }: Knock,
): Promise<ConnectionAccepted | 'refused'> {
  const left = way.invite.expires - Date.now();
  if (left <= 0) return 'refused';
  let heard: (answer: CheckedAnswer) => void = () => {};
  const late = new Promise<CheckedAnswer>((resolve) => {
    heard = resolve;
  });
  const client = await VaultClient.connect(await addressOf(way), {
    onAnswer: ({ answer }) => {
      if (isWord(answer)) heard(answer);
    },
  });
  closable(() => void client.close());
  try {
    const { signer, encapsulation } = await openServiceKeys(way.keys);
    const payload: PeerRequest = {
      signing: toBase64url(signer.publicKey),
      encapsulation: toBase64url(encapsulation.publicKey),
      peer,
    };
    const asked = client
      .ask(
        { type: 'connection.request', payload },
        { critical: true, timeoutMs: Math.min(left, timerMaxMs) },
      )
      .then((answer) => (isWord(answer) ? answer : late));
    const answer = await Promise.race([asked, late]);
    return answer.status === 'served' ? (answer.result as ConnectionAccepted) : 'refused';
  } finally {
    await client.close();
  }
}

/** The owner's yes, with the vault's signature on it, or a no. */
function isWord({ type, check, ...answer }: CheckedAnswer): boolean {
  if (type !== 'connection.request') return false;
  if (answer.status === 'served') return check?.ok === true;
  return answer.status === 'refused' && answer.code !== 'duplicate';
}
